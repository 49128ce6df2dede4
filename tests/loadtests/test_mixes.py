"""Mixes of work are files: read once, and refused with file and line where they say nothing sensible."""

from pathlib import Path

import pytest

from loadtests import mixes
from loadtests.__main__ import main
from loadtests.errors import UsageError
from loadtests.journeys import JOURNEYS
from loadtests.mixes import Mix
from loadtests.settings import RATES

GOOD = "about: A few readers.\njourneys:\n  reader: 2\n  searcher: 0.5\n"


def written(folder: Path, text: str) -> Path:
    (folder / "evening.yaml").write_text(text)
    return folder / "evening.yaml"


@pytest.mark.parametrize("name", mixes.names())
def test_every_mix_of_the_project_can_be_read(name: str) -> None:
    mix = mixes.named(name)
    assert mix.name == name
    assert mix.about.endswith(".")
    assert set(mix.journeys) <= set(JOURNEYS)


def test_every_scenario_of_a_comparison_is_a_mix_but_the_live_one() -> None:
    assert set(RATES) - set(mixes.names()) == {"live"}


def test_a_mix_is_its_files_name_its_sentence_and_its_weights(tmp_path: Path) -> None:
    assert mixes.read(written(tmp_path, GOOD)) == Mix("evening", "A few readers.", {"reader": 2, "searcher": 0.5})


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        (GOOD.replace("searcher", "surfer"), 4, "no journey is called 'surfer'; there are reader, searcher, writer"),
        (GOOD.replace("0.5", "0"), 4, "the weight of searcher is no number above 0"),
        (GOOD.replace("0.5", "-1"), 4, "the weight of searcher is no number above 0"),
        (GOOD.replace("0.5", "often"), 4, "the weight of searcher is no number above 0"),
        (GOOD.replace("0.5", "[1]"), 4, "the weight of searcher is no number above 0"),
        (GOOD.replace("0.5", ".inf"), 4, "the weight of searcher is no number above 0"),
        (GOOD.replace("searcher", "reader"), 4, "reader is there twice"),
        (GOOD.replace("about", "abuot"), 1, "'abuot' is not about or journeys"),
        ("about: Nothing.\n", 1, "journeys is missing"),
        ("about: Nothing.\njourneys: {}\n", 2, "journeys are no names with weights"),
        ("about: Nothing.\njourneys: reader\n", 2, "journeys are no names with weights"),
        ("about: \njourneys:\n  reader: 1\n", 1, "about is no sentence"),
        ("", 1, "wanted about and journeys"),
        ("- reader\n", 1, "wanted about and journeys"),
        ("about: A\njourneys:\n  reader: {1\n", 4, "expected"),
    ],
)
def test_a_mix_that_says_nothing_sensible_is_refused(tmp_path: Path, text: str, line: int, why: str) -> None:
    with pytest.raises(UsageError) as refused:
        mixes.read(written(tmp_path, text))
    assert str(refused.value).startswith(f"{tmp_path / 'evening.yaml'}:{line}: ")
    assert why in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_command_line_says_one_line_and_ends_with_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, GOOD.replace("reader: 2", "reader: none"))
    assert main(["load", "--url", "http://127.0.0.1:1", "--mix", str(path)]) == 3
    assert capsys.readouterr().err == f"{path}:3: the weight of reader is no number above 0\n"


def test_a_mix_of_the_name_of_the_live_scenario_is_refused(tmp_path: Path) -> None:
    (tmp_path / "live.yaml").write_text(GOOD)
    with pytest.raises(UsageError, match="live is a scenario of its own"):
        mixes.read(tmp_path / "live.yaml")
