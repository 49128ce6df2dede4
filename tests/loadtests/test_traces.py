"""A trace is read as it is, or refused with its file and line."""

from pathlib import Path

import pytest

from loadtests.__main__ import main
from loadtests.errors import UsageError
from loadtests.shapes import read_trace


def written(folder: Path, text: str) -> Path:
    (folder / "trace.csv").write_text(text)
    return folder / "trace.csv"


@pytest.mark.parametrize(
    "text", ["0\n0.5\n0.5\n2e0\n", "offset_s\n0\n0.5\n0.5\n2\n\n", "\ufeffseconds\r\n0\r\n.5\r\n.5\r\n2"]
)
def test_offsets_are_read_with_and_without_a_header(tmp_path: Path, text: str) -> None:
    assert read_trace(written(tmp_path, text)) == (0, 0.5, 0.5, 2)


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("0\nlater\n", 2, "'later' is no offset in seconds"),
        ("offset\n0.1\n-1\n", 3, "'-1' is no offset in seconds"),
        ("0\nnan\n", 2, "'nan' is no offset in seconds"),
        ("0\n1e999\n", 2, "'1e999' is no offset in seconds"),
        ("0\n2\n1\n", 3, "1 comes before 2, the line above it"),
        ("0\n1,5\n", 2, "'1,5' is more than one offset in seconds"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, text: str, line: int, why: str) -> None:
    with pytest.raises(UsageError) as refused:
        read_trace(written(tmp_path, text))
    assert str(refused.value) == f"{tmp_path / 'trace.csv'}:{line}: {why}"


@pytest.mark.parametrize("text", ["", "offset\n", "\n\n"])
def test_a_trace_without_arrivals_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="no arrivals"):
        read_trace(written(tmp_path, text))


def test_the_command_line_says_one_line_and_ends_with_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, "0\nlater\n")
    assert main(["load", "--url", "http://127.0.0.1:1", "--trace", str(path)]) == 3
    assert capsys.readouterr().err == f"{path}:2: 'later' is no offset in seconds\n"
    assert main(["compare", "--trace", str(tmp_path / "none.csv")]) == 3
    assert capsys.readouterr().err == f"{tmp_path / 'none.csv'}: No such file or directory\n"


def test_an_unknown_shape_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["load", "--url", "http://127.0.0.1:1", "--shape", "zigzag"])
    assert ended.value.code == 3
    assert "invalid choice: 'zigzag'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--bind", "127.0.0.1"], "--bind: say with --workers how many are to be awaited there\n"),
        (["--duration", "5", "--trace"], "--duration: a trace has its own length\n"),
    ],
)
def test_options_that_contradict_each_other_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    trace = [str(written(tmp_path, "0\n1\n"))] if words[-1] == "--trace" else []
    for command in (["load", "--url", "http://127.0.0.1:1"], ["compare"]):
        assert main([*command, *words, *trace]) == 3
        assert capsys.readouterr().err == said
