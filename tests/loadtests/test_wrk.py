"""The load generator held against wrk."""

import os
import shutil
import subprocess
import sys
from time import sleep

import pytest

from loadtests import processes, systems
from loadtests.__main__ import main
from tests.loadtests.planted import Behaviour, serving

CONTRACT = {"info": {"version": systems.contract_version()}}
BRIEFLY = ["--connections", "4", "--duration", "1"]


def after(seconds: float) -> Behaviour:
    """Return a server's behaviour that takes so long for each answer, whatever the machine does meanwhile."""

    def behave(number: int) -> tuple[int, object]:
        sleep(seconds)
        return 200, CONTRACT

    return behave


@pytest.mark.skipif(shutil.which("wrk") is None, reason="there is no wrk on this machine")
def test_it_agrees_with_wrk(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(after(0.02)) as server:
        assert main(["wrk", "--url", server.url, *BRIEFLY]) == 0
    assert "right answers a second, wrk 1" in capsys.readouterr().out  # at most 200: four at a time, 20 ms each


@pytest.mark.skipif(shutil.which("wrk") is None, reason="there is no wrk on this machine")
def test_refusals_are_no_throughput_to_either(capsys: pytest.CaptureFixture[str]) -> None:
    def every_other(number: int) -> tuple[int, object]:
        sleep(0.02)
        return (200 if number % 2 else 503), CONTRACT

    with serving(every_other) as server:
        assert main(["wrk", "--url", server.url, *BRIEFLY]) == 0
    said = capsys.readouterr().out.split()
    assert 70 < int(said[0]) <= 101


@pytest.mark.skipif(shutil.which("wrk") is None, reason="there is no wrk on this machine")
def test_an_endpoint_that_is_not_there_is_no_agreement(capsys: pytest.CaptureFixture[str]) -> None:
    def nothing(number: int) -> tuple[int, object]:
        return (200 if number == 1 else 404), CONTRACT

    with serving(nothing) as server:
        assert main(["wrk", "--url", server.url, "--path", "/nope", *BRIEFLY]) == 4
    assert "does not answer GET /nope with 200" in capsys.readouterr().err


def test_without_wrk_it_says_so() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "loadtests", "wrk", "--url", "http://127.0.0.1:1"],
        cwd=processes.ROOT, env={**os.environ, "PATH": "/nowhere"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (said.returncode, said.stderr) == (3, "there is no wrk on this machine (Debian: apt install wrk)\n")
