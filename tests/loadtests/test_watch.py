"""`watch`: the journal of a run, the events that the page polls, and the command until Ctrl-C."""

import io
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from threading import Thread
from typing import Any

import httpx
import psutil
import pytest
from rich.console import Console

from loadtests.__main__ import main
from loadtests.journal import NAME, Journal
from loadtests.processes import ROOT
from loadtests.progress import ProgressDisplay
from loadtests.results import Freshness, Lag, SideBlock
from loadtests.watch import Follower, serve
from tests.loadtests.made_runs import a_block

WITHIN_S = 10.0
KINDS = ["began", "phase", "block", "step", "block", "step", "lags"]


def run_into(journal: Journal) -> None:
    """Append the events of a comparison, without a load."""
    display = ProgressDisplay(Console(file=io.StringIO()), journal)
    with display.phase("browse: both sides in alternating blocks", 2) as done:
        for side in ("monolith", "microservices"):
            journal.block("browse", SideBlock(side, 0, 0.0, a_block(Random(side), 5.0, 60)), seconds=2.0)
            done()
    journal.lags("monolith", Freshness({"post_to_search": Lag([10.0, 30.0, 20.0]), "vote_to_live": Lag()}))


def kinds(answer: dict[str, Any]) -> list[str]:
    return [event["kind"] for event in answer["events"]]


def test_a_run_is_shown_while_it_runs_and_after_its_folder_is_gone(tmp_path: Path) -> None:
    journal, follower = Journal(tmp_path / "first" / NAME), Follower(tmp_path)
    assert follower.after("", 0) == {"run": "", "events": []}
    with journal.running(profile="quick"):
        run_into(journal)
        events = follower.after("", 0)
        assert (events["run"], kinds(events)) == ("first", KINDS)
        block = events["events"][2]
        assert (block["side"], block["scenario"], block["rate"], block["errors"]) == ("monolith", "browse", 30.0, 0)
        assert 0 < block["p50_ms"] < block["p95_ms"] <= block["p99_ms"]
        assert events["events"][-1]["lags_ms"] == {"post_to_search": 20.0}
        assert follower.after("first", len(KINDS))["events"] == []
    (tmp_path / "first" / NAME).unlink()
    assert [event["how"] for event in follower.after("first", len(KINDS))["events"]] == ["complete"]


def test_the_next_run_replaces_one_that_has_ended(tmp_path: Path) -> None:
    first, second, follower = Journal(tmp_path / "a" / NAME), Journal(tmp_path / "b" / NAME), Follower(tmp_path)
    with first.running(profile="first"):
        assert follower.after("", 0)["run"] == "a"
    follower.after("a", 0)
    with second.running(profile="second"):
        assert follower.after("a", 2)["events"][0]["profile"] == "second"


def test_a_run_whose_process_died_has_ended(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    journal, follower = Journal(tmp_path / "killed" / NAME), Follower(tmp_path)
    journal.append("began", pid=child.pid, born=psutil.Process(child.pid).create_time(), profile="quick")
    assert kinds(follower.after("", 0)) == ["began"]
    child.kill()
    child.communicate()
    assert follower.after("", 0)["events"][-1]["how"] == "its process is gone"


def test_a_run_that_fails_says_why(tmp_path: Path) -> None:
    journal = Journal(tmp_path / NAME)
    with pytest.raises(ValueError, match="no"), journal.running(profile="quick"):
        raise ValueError("no monolith")
    assert json.loads((tmp_path / NAME).read_text().splitlines()[-1])["how"] == "ended by no monolith"


def test_broken_and_unfinished_lines_are_skipped(tmp_path: Path) -> None:
    journal, follower = Journal(tmp_path / "run" / NAME), Follower(tmp_path)
    with journal.running(profile="quick"):
        with (tmp_path / "run" / NAME).open("a") as file:
            file.write('{broken\n[]\n{"kind": "st')
        assert kinds(follower.after("", 0)) == ["began"]
        with (tmp_path / "run" / NAME).open("a") as file:
            file.write('ep"}\n')
        assert kinds(follower.after("", 0)) == ["began", "step"]


def test_a_full_disk_ends_the_journal_and_not_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with Journal(tmp_path / "file" / NAME).running(profile="quick"):
        pass


@contextmanager
def served(runs: Path) -> Iterator[str]:
    """Serve the page in this process, and yield its address."""
    with serve(Follower(runs), 0) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join(WITHIN_S)


def test_the_page_and_its_events_are_served_to_this_machine_only(tmp_path: Path) -> None:
    with Journal(tmp_path / "run" / NAME).running(profile="quick"), served(tmp_path) as url:
        page = httpx.get(url)
        assert httpx.get(f"{url}events?run=other&after=99").json()["run"] == "run"
        assert kinds(httpx.get(f"{url}events?run=run&after=x").json()) == ["began"]
        assert httpx.get(f"{url}elsewhere").status_code == 404
        assert httpx.get(url, headers={"Host": "example.org"}).status_code == 421
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "https://" not in page.text


def test_a_port_in_use_is_one_line_and_exit_status_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with served(tmp_path) as url:
        port = url.rstrip("/").rpartition(":")[2]
        assert main(["watch", "--port", port]) == 3
    assert f"port {port}" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_the_command_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "loadtests", "watch", "--port", "0", "--runs", str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        url = process.stdout.readline().split()[1]
        assert httpx.get(f"{url}events").json() == {"run": "", "events": []}
        process.send_signal(number)
        assert process.wait(WITHIN_S) == 0
        assert (process.stdout.read(), process.stderr.read()) == ("stopped\n", "")
