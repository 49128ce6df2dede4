"""The page of decisions names chapters that the report has, and commands that exist."""

import re
import shlex

import pytest

from loadtests.__main__ import COMMANDS, _parser
from loadtests.processes import ROOT
from loadtests.report.tables import TEXTS

PAGE = (ROOT / "docs" / "decide.md").read_text()
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| **")]
TITLES = {text["title"] for text in TEXTS.values()}


def test_there_are_six_questions() -> None:
    assert len(ROWS) == 6


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].strip("*").partition("*")[0])
def test_a_question_names_chapters_and_a_command_that_exist(row: list[str]) -> None:
    _question, _figure, chapters, _origin, command = row
    assert set(chapters.split("; ")) <= TITLES
    words = shlex.split(re.fullmatch("`python -m loadtests (.*)`", command)[1])  # type: ignore[index]
    assert words[0] in COMMANDS
    assert _parser(words[0]).parse_args(words).command
