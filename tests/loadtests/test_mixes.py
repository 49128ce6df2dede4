"""Mixes are files, and a wrong one is refused with file, line and mistake."""

from pathlib import Path

import pytest

from loadtests import mixes
from loadtests.__main__ import main
from loadtests.errors import UsageError
from loadtests.journeys import JOURNEYS
from loadtests.mixes import Mix
from loadtests.settings import RATES

GOOD = "about: A few readers.\njourneys:\n  reader: 2\n  searcher: 0.5\n"
WEIGHT = "a weight is a number above 0, up to 1,000,000"


def write_mix(folder: Path, text: str) -> Path:
    (folder / "evening.yaml").write_text(text)
    return folder / "evening.yaml"


@pytest.mark.parametrize("name", mixes.names())
def test_every_mix_of_the_project_is_valid(name: str) -> None:
    mix = mixes.by_name(name)
    assert mix.name == name
    assert mix.about.endswith(".")
    assert set(mix.journeys) <= set(JOURNEYS)


def test_every_scenario_of_a_comparison_but_the_live_one_is_a_mix() -> None:
    assert set(RATES) - set(mixes.names()) == {"live"}


def test_a_mix_has_the_name_of_its_file_and_its_weights(tmp_path: Path) -> None:
    assert mixes.read(write_mix(tmp_path, GOOD)) == Mix("evening", "A few readers.", {"reader": 2, "searcher": 0.5})


@pytest.mark.parametrize(
    ("text", "line", "mistake"),
    [
        (GOOD.replace("searcher", "surfer"), 4, "unknown name 'surfer'; there are reader, searcher, writer"),
        (GOOD.replace("0.5", "0"), 4, WEIGHT),
        (GOOD.replace("0.5", "-1"), 4, WEIGHT),
        (GOOD.replace("0.5", "often"), 4, WEIGHT),
        (GOOD.replace("0.5", "[1]"), 4, WEIGHT),
        (GOOD.replace("0.5", ".inf"), 4, WEIGHT),
        (GOOD.replace("searcher", "reader"), 4, "reader is there twice"),
        (GOOD.replace("about", "abuot"), 1, "unknown name 'abuot'"),
        ("about: Nothing.\n", 1, "not a mapping of reader"),
        ("about: Nothing.\njourneys: {}\n", 1, "no journey; there are reader, searcher"),
        ("about: Nothing.\njourneys: reader\n", 2, "not a mapping of reader"),
        ("about: \njourneys:\n  reader: 1\n", 1, "about is not a text"),
        ("", 1, "not a mapping of about, journeys"),
        ("about: A\njourneys:\n  reader: {1\n", 4, "did not find expected"),
        ("about: A\njourneys: " + 9_000 * "[", 2, "not a mix: it has nested values or aliases"),
        ("about: &a {b: *a}\n", 1, "not a mix: it has nested values or aliases"),
    ],
)
def test_a_wrong_mix_is_refused_with_file_line_and_mistake(tmp_path: Path, text: str, line: int, mistake: str) -> None:
    with pytest.raises(UsageError) as refused:
        mixes.read(write_mix(tmp_path, text))
    assert str(refused.value).startswith(f"{tmp_path / 'evening.yaml'}:{line}: {mistake}")
    assert "\n" not in str(refused.value)


def test_the_command_line_prints_the_mistake_and_ends_with_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_mix(tmp_path, GOOD.replace("reader: 2", "reader: none"))
    assert main(["compare", "--mix", str(path)]) == 3
    assert capsys.readouterr().err == f"{path}:3: {WEIGHT}\n"


@pytest.mark.parametrize(
    ("name", "mistake"), [("/dev/zero", "/dev/zero: not a file"), ("large", "larger than 100,000 bytes")]
)
def test_a_file_without_an_end_or_of_a_wrong_size_is_refused(tmp_path: Path, name: str, mistake: str) -> None:
    (tmp_path / "large").write_text(100_001 * "#")
    with pytest.raises(UsageError, match=mistake):
        mixes.read(tmp_path / name)


def test_a_mix_cannot_have_the_name_of_the_live_scenario(tmp_path: Path) -> None:
    (tmp_path / "live.yaml").write_text(GOOD)
    with pytest.raises(UsageError, match="live is a scenario of its own"):
        mixes.read(tmp_path / "live.yaml")
