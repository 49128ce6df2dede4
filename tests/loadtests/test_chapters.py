"""A report that holds no comparison, only what a command of its own measured; and one that holds both."""

import argparse
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from loadtests import arguments, report
from loadtests.report import chapters
from tests.loadtests.made_runs import made_run, written

FORMS = ("report.html", "report.md")


def side(knee: float) -> dict[str, Any]:
    point = {
        "rate": knee, "goodput": knee, "p50_ms": 5.0, "p95_ms": 20.0, "p99_ms": 40.0, "errors_percent": 0.0,
        "refused_percent": 0.0, "dropped_percent": 0.0, "probes": 3, "outcome": "held",
    }  # fmt: skip
    broken = {**point, "rate": 1.1 * knee, "p95_ms": 300.0, "p99_ms": 400.0, "outcome": "broken"}
    return {
        "knee": knee, "low": 0.9 * knee, "high": 1.1 * knee, "bound": "", "ended": "p95 of 300 ms", "origin": "measured",
        "curve": [point, broken], "saturated": "Nothing measured was saturated.", "evidence": {},
    }  # fmt: skip


CAPACITY = {
    "slo": "p95<250ms",
    "scenarios": {"browse": {"monolith": side(300), "microservices": side(120)}},
    "complete": True,
    "ended_by": "",
}


@pytest.fixture
def alone(tmp_path: Path) -> Path:
    """A report that holds one chapter and nothing else."""
    return report.added(tmp_path / "alone", "capacity", CAPACITY)


def test_a_chapter_alone_is_a_report_in_every_form(alone: Path) -> None:
    for form in FORMS:
        text = (alone / form).read_text()
        assert "the monolith carries 300 (270 – 330)" in text
        assert "Parity" not in text
    page = (alone / "report.html").read_text()
    assert "How many requests a second does each side carry" in page
    assert 'id="scenarios"' not in page
    assert "<b>Incomplete" not in page


def test_a_chapter_is_told_at_the_terminal(alone: Path, tmp_path: Path) -> None:
    console = Console(width=80, record=True, file=(tmp_path / "terminal").open("w"))
    report.told(alone, "capacity", console)
    said = console.export_text()
    assert "microservices carry 120 (108 – 132)" in said
    assert str(alone) in said


def test_a_chapter_goes_into_a_run_and_leaves_the_rest(tmp_path: Path) -> None:
    folder = written(made_run("a"), tmp_path / "run")
    before = json.loads((folder / "report.json").read_text())
    report.added(folder, "capacity", CAPACITY)
    after = json.loads((folder / "report.json").read_text())
    assert {**before, "capacity": after["capacity"]} == after
    for form in FORMS:
        text = (folder / form).read_text()
        assert "the monolith carries 300 (270 – 330)" in text
        assert "Parity: 70 checks" in text


def test_a_chapter_of_another_machine_says_so(tmp_path: Path) -> None:
    folder = report.added(
        written(made_run("a"), tmp_path / "run"), "capacity", CAPACITY
    )  # made on a machine of its own
    assert "Measured on another machine than the rest" in (folder / "report.md").read_text()
    assert "Measured on another" not in (report.added(tmp_path / "new", "capacity", CAPACITY) / "report.md").read_text()


def test_a_chapter_measured_again_takes_the_place_of_the_old_one(alone: Path) -> None:
    again = {**CAPACITY, "scenarios": {"browse": {"monolith": side(444)}}}
    page = (report.added(alone, "capacity", again) / "report.html").read_text()
    assert "carries 444" in page
    assert "carries 300" not in page


def test_a_chapter_that_was_cut_short_says_so_on_the_first_screen(tmp_path: Path) -> None:
    folder = report.added(
        tmp_path / "short", "capacity", {**CAPACITY, "complete": False, "ended_by": "ended by SIGINT"}
    )
    assert "<b>Incomplete:</b> capacity, ended by SIGINT" in (folder / "report.html").read_text()


def test_a_full_disk_is_one_clear_line_and_leaves_what_was_there(alone: Path) -> None:
    (alone / ".report.html.new").symlink_to("/dev/full")
    before = (alone / "report.json").read_text()
    with pytest.raises(report.NotWritten, match=r"cannot write the report into .*alone: No space left on device"):
        report.added(alone, "capacity", {**CAPACITY, "slo": "p99<1s"})
    assert (alone / "report.json").read_text() == before
    assert not list(alone.glob(".*.new"))


def test_a_place_that_is_no_folder_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(report.NotWritten, match="Not a directory"):
        report.added(tmp_path / "file" / "run", "capacity", CAPACITY)


def test_a_folder_without_a_run_is_refused_on_the_command_line(alone: Path, tmp_path: Path) -> None:
    assert arguments.report_folder(str(alone)) == arguments.report_folder(str(alone / "report.json")) == alone
    (tmp_path / "report.json").write_text("{")
    for place in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(argparse.ArgumentTypeError, match="holds no run"):
            arguments.report_folder(str(place))


def test_every_chapter_has_a_name_and_a_section_of_its_own() -> None:
    names = [chapter.name for chapter in chapters.CHAPTERS]
    assert len(names) == len(set(names))
