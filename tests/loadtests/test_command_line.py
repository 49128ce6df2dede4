"""The command line itself: what it says of its commands, and that it loads the one that was asked for and no other."""

import signal
import subprocess
import sys
from importlib import import_module

import pytest

from loadtests import processes
from loadtests.__main__ import COMMANDS, main

TIMED = [sys.executable, "-X", "importtime", "-m", "loadtests"]  # says each module that was imported, as soon as it was
LONG = ("aa", "capacity", "compare", "explain", "load")  # they do more than their line in the list of commands says


def shown(name: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return the words of a command's help."""
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    return capsys.readouterr().out.split()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_takes(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = shown(name, capsys)
    assert words[:6] == ["usage:", "python", "-m", "loadtests", name, "[-h]"]
    assert words[6].startswith(("[--", "--"))


@pytest.mark.parametrize("name", LONG)
def test_what_takes_a_while_says_more_of_what_it_does(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    about = import_module(f"loadtests.{COMMANDS[name][0]}").ABOUT
    assert " ".join(about.split()) in " ".join(shown(name, capsys))


def test_a_live_scenario_without_a_feed_is_refused_before_anything_starts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "--scenario", "live", "--microservices-url", "http://127.0.0.1:1"]) == 3
    assert "live needs --microservices-live-url" in capsys.readouterr().err


def test_the_list_of_commands_is_shown_without_loading_any() -> None:
    done = subprocess.run([*TIMED, "--help"], cwd=processes.ROOT, capture_output=True, text=True, check=True)
    assert all(f"    {name}" in done.stdout for name in COMMANDS)
    assert "loadtests.errors" in done.stderr
    assert not [line for line in done.stderr.splitlines() if "httpx" in line or "loadtests.report" in line]


def test_a_command_that_is_interrupted_while_it_is_loaded_ends_with_one_line() -> None:
    """The command lacks what it requires, so it would end with 3 if it came to be loaded."""
    process = subprocess.Popen([*TIMED, "capacity"], cwd=processes.ROOT, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    before = []
    for line in process.stderr:
        before.append(line)
        if line.endswith(" loadtests.mixes\n"):
            break
    else:
        raise AssertionError("".join(before))
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=60)
    said = [line for line in rest.splitlines() if not line.startswith("import time:")]
    assert (process.returncode, said) == (130, ["ended by SIGINT; nothing is left running"])
