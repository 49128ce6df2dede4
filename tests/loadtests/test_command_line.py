"""The command line: its help, the ranges of its numbers, and that only the chosen command's module is imported."""

import signal
import subprocess
import sys
from importlib import import_module

import pytest

from loadtests import processes
from loadtests.__main__ import COMMANDS, main

IMPORTS = [sys.executable, "-X", "importtime", "-m", "loadtests"]  # prints each module as soon as it is imported
DESCRIBED = ("aa", "capacity", "compare", "drill", "explain")  # with more than their line in the list
OUT_OF_RANGE = [
    "compare --rate 0", "compare --rate 1e9", "compare --rate nan", "compare --duration 0", "compare --duration -1",
    "aa --times 1.5", "aa --times 0", "capacity --p95 0", "capacity --errors 101",
    "capacity --ceiling inf", "capacity --ceiling 0", "capacity --seconds 0",
]  # fmt: skip


def help_words(name: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return the words of a command's help."""
    with pytest.raises(SystemExit) as end:
        main([name, "--help"])
    assert end.value.code == 0
    return capsys.readouterr().out.split()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = help_words(name, capsys)
    assert words[:6] == ["usage:", "python", "-m", "loadtests", name, "[-h]"]
    assert words[6].startswith(("[--", "--"))


@pytest.mark.parametrize("name", DESCRIBED)
def test_a_long_command_has_a_description(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    about = import_module(f"loadtests.{COMMANDS[name][0].partition(':')[0]}").ABOUT
    assert " ".join(about.split()) in " ".join(help_words(name, capsys))


@pytest.mark.parametrize("command", OUT_OF_RANGE)
def test_a_number_out_of_its_range_is_refused_in_one_line(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    name, option, value = command.split()
    with pytest.raises(SystemExit) as end:
        main([name, f"{option}={value}"])
    errors = capsys.readouterr().err
    assert end.value.code == 3
    assert errors.startswith(f"python -m loadtests {name}: argument {option}: {value} is not a")
    assert errors.count("\n") == 1


@pytest.mark.parametrize("command", ["compare", "capacity"])
def test_a_live_scenario_without_a_feed_is_refused_before_anything_starts(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, "--scenario", "live", "--microservices-url", "http://127.0.0.1:1"]) == 3
    assert "live needs --microservices-live-url" in capsys.readouterr().err


def test_the_list_of_commands_imports_none() -> None:
    done = subprocess.run([*IMPORTS, "--help"], cwd=processes.ROOT, capture_output=True, text=True, check=True)
    assert all(f"    {name}" in done.stdout for name in COMMANDS)
    assert "loadtests.errors" in done.stderr
    assert not [line for line in done.stderr.splitlines() if "httpx" in line or "loadtests.report" in line]


def test_an_interrupt_while_a_command_is_imported_ends_with_one_line() -> None:
    process = subprocess.Popen(
        [*IMPORTS, "capacity", "--p95", "0"], cwd=processes.ROOT, stderr=subprocess.PIPE, text=True
    )
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
    errors = [line for line in rest.splitlines() if not line.startswith("import time:")]
    assert (process.returncode, errors) == (130, ["ended by SIGINT; nothing is left running"])
