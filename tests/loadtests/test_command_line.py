"""The command line: its help, the ranges of its numbers, and that only the chosen command's module is imported."""

import json
import signal
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from loadtests import arguments, processes
from loadtests.__main__ import COMMANDS, main
from microservices import __main__ as microservices
from monolith import __main__ as monolith
from tests.bench import __main__ as bench

IMPORTS = [sys.executable, "-X", "importtime", "-m", "loadtests"]  # prints each module as soon as it is imported
DESCRIBED = ("aa", "aws", "capacity", "compare", "drill", "explain")  # with more than their line in the list
OUT_OF_RANGE = [
    "compare --rate 0", "compare --rate 1e9", "compare --rate nan", "compare --duration 0", "compare --duration -1",
    "aa --times 1.5", "aa --times 0", "capacity --p95 0", "capacity --errors 101",
    "capacity --ceiling inf", "capacity --ceiling 0", "capacity --seconds 0",
]  # fmt: skip

WRONG_VALUES = {
    ("nan", "inf", "-1e9", "1e999", 5_000 * "9", "0x10", "", "\n", "\0", "²", "1764460800"): (
        "compare --rate", "compare --duration", "aa --times", "capacity --p95", "capacity --errors", "capacity --ceiling",
        "capacity --seconds", "coldstarts --rounds", "diff a b --threshold", "drill --rate", "drill --votes", "drill --repeat",
    ),
    ("\0", 5_000 * "x", "/dev/zero/x"): (
        "compare --mix", "compare --results", "aa --results", "capacity --into", "explain --into", "coldstarts --into",
        "bill --report", "bill --usage-file", "bill --mix", "scale --report", "validate --page", "diff", "up --run-dir",
        "up --stack",
    ),
    ("http://", "ftp://x", "http://[::1", "http://x:99999999", "localhost", "http://a b", "http://" + 5_000 * "a"): (
        "compare --monolith-url", "compare --microservices-url", "capacity --microservices-live-url",
    ),
    ("zigzag", "", "\n", 100_000 * "a"): (
        "compare --profile", "compare --scenario", "compare --shape", "aa --side", "explain --journey", "drill --fault", "zz",
    ),
}  # fmt: skip


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
    assert words[6].startswith(("[--", "--", "ACTION"))


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


def wrong_lines() -> Iterator[list[str]]:
    """Yield each option with values that are wrong for every option of its kind."""
    for kind, options in WRONG_VALUES.items():
        for option, value in product(options, kind):
            yield [*option.split(), value]


def status_and_error(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int | str | None, str]:
    try:
        status: int | str | None = main(words)
    except SystemExit as end:
        status = end.code
    return status, capsys.readouterr().err


def test_every_wrong_value_of_every_option_is_refused_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    ended = {str(words)[:80]: status_and_error(words, capsys) for words in wrong_lines()}
    assert len(ended) > 200
    wrong = {
        words: (status, error[:80])
        for words, (status, error) in ended.items()
        if status != 3 or error.count("\n") != 1 or len(error) > 700
    }
    assert wrong == {}


def test_a_load_that_does_not_fit_into_memory_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    status, error = status_and_error(["compare", "--rate", "10000", "--duration", "86400"], capsys)
    assert (status, error) == (3, "10000 a second for 86400 s are more than 20,000,000 arrivals\n")


@pytest.mark.parametrize(
    ("main_of", "words"),
    [
        (monolith, "--workers 999"), (monolith, "--threads 0"), (monolith, "--port 70000"), (monolith, "--port " + 5_000 * "9"),
        (microservices, "--port 70000"), (microservices, "--port -1"), (bench, "--page /"), (bench, "--pages"),
    ],
)  # fmt: skip
def test_a_wrong_option_of_another_program_is_refused_alike(
    main_of: Any, words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["program", *words.split()])
    with pytest.raises(SystemExit) as end:
        main_of.main()
    assert end.value.code == 3
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("command", ["compare", "capacity"])
def test_a_live_scenario_without_a_feed_is_refused_before_anything_starts(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, "--scenario", "live", "--microservices-url", "http://127.0.0.1:1"]) == 3
    assert "live needs --microservices-live-url" in capsys.readouterr().err


def test_the_live_feed_of_what_make_up_started_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".run").mkdir()
    stack = {"microservices": "http://127.0.0.1:4566/api", "microservices-live": "ws://127.0.0.1:4566/live"}
    (tmp_path / ".run" / "stack.json").write_text(json.dumps(stack))
    parser = ArgumentParser()
    arguments.add_urls(parser)
    options = parser.parse_args(["--microservices-url", "http://127.0.0.1:4566/api/"])
    assert arguments.deployed_live_urls(options) == {"microservices": "ws://127.0.0.1:4566/live"}
    arguments.require_live_url(("live",), options)


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
