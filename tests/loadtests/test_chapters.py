"""Reports of a single command, and chapters of commands in the report of a comparison."""

import argparse
import json
from pathlib import Path

import pytest
from rich.console import Console

from loadtests import arguments, report
from tests.loadtests.made_capacity import chapter
from tests.loadtests.made_runs import made_run, write_report

FORMS = ("report.html", "report.md")


CAPACITY = chapter()


@pytest.fixture
def alone(tmp_path: Path) -> Path:
    """A report that holds one chapter and nothing else."""
    return report.add_chapter(tmp_path / "alone", "capacity", CAPACITY)


def test_a_chapter_alone_makes_a_report_in_every_form(alone: Path) -> None:
    for form in FORMS:
        text = (alone / form).read_text()
        assert "the monolith 300 (270 – 315)" in text
        assert "the same answers" not in text
    page = (alone / "report.html").read_text()
    assert "How many requests a second does each side carry" in page
    assert 'id="scenarios"' not in page
    assert "<b>Incomplete" not in page


def test_a_chapter_is_printed(alone: Path, tmp_path: Path) -> None:
    console = Console(width=80, record=True, file=(tmp_path / "terminal").open("w"))
    report.print_chapter(alone, "capacity", console)
    said = console.export_text()
    assert "microservices 120 (108 – 126)" in " ".join(said.split())
    assert str(alone) in said


def test_a_chapter_is_added_to_a_run_and_changes_nothing_else(tmp_path: Path) -> None:
    folder = write_report(made_run("a"), tmp_path / "run")
    before = json.loads((folder / "report.json").read_text())
    report.add_chapter(folder, "capacity", CAPACITY)
    after = json.loads((folder / "report.json").read_text())
    assert {**before, "capacity": after["capacity"]} == after
    for form in FORMS:
        text = (folder / form).read_text()
        assert "the monolith 300 (270 – 315)" in text
        assert "the same answers in 70 checks" in text


def test_a_chapter_of_another_machine_says_so(tmp_path: Path) -> None:
    folder = report.add_chapter(write_report(made_run("a"), tmp_path / "run"), "capacity", CAPACITY)
    assert "Measured on another machine than the rest" in (folder / "report.md").read_text()
    alone = report.add_chapter(tmp_path / "new", "capacity", CAPACITY)
    assert "Measured on another" not in (alone / "report.md").read_text()


def test_a_chapter_measured_again_replaces_the_old_one(alone: Path) -> None:
    page = (report.add_chapter(alone, "capacity", chapter(knees={"monolith": 444})) / "report.html").read_text()
    assert "the monolith 444" in page
    assert "the monolith 300" not in page


def test_an_incomplete_chapter_says_so_on_the_first_screen(tmp_path: Path) -> None:
    folder = report.add_chapter(tmp_path / "short", "capacity", chapter(complete=False, ended_by="SIGINT"))
    assert "<b>Incomplete:</b> capacity, SIGINT" in (folder / "report.html").read_text()
    assert "Incomplete: SIGINT." in (folder / "report.md").read_text()
    console = Console(width=80, record=True, file=(tmp_path / "terminal").open("w"))
    report.print_chapter(folder, "capacity", console)
    assert "Incomplete: SIGINT." in console.export_text()


@pytest.mark.parametrize(("full", "kept"), [("series.json", False), ("report.html", True)])
def test_a_full_disk_is_reported_in_one_line_and_leaves_no_half_of_a_pair(alone: Path, full: str, kept: bool) -> None:
    (alone / f".{full}.new").symlink_to("/dev/full")
    before = [(alone / name).read_text() for name in ("report.json", "report.md")]
    with pytest.raises(report.ReportNotWritten, match=r"cannot write the report into .*alone: No space left on device"):
        report.add_chapter(alone, "capacity", chapter(slo="p95<99ms"))
    after = [(alone / name).read_text() for name in ("report.json", "report.md")]
    assert [one == other for one, other in zip(before, after, strict=True)] == [not kept, True]
    assert not list(alone.glob(".*.new"))


def test_a_file_in_place_of_a_folder_is_reported_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(report.ReportNotWritten, match="Not a directory"):
        report.add_chapter(tmp_path / "file" / "run", "capacity", CAPACITY)


def test_a_folder_without_a_run_is_refused_on_the_command_line(alone: Path, tmp_path: Path) -> None:
    assert arguments.report_folder(str(alone)) == arguments.report_folder(str(alone / "report.json")) == alone
    (tmp_path / "report.json").write_text("{")
    for place in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(argparse.ArgumentTypeError, match="has no report"):
            arguments.report_folder(str(place))


@pytest.mark.parametrize("content", ["[]", '{"schema": 2}'])
def test_a_report_that_nothing_can_be_added_to_is_refused_on_the_command_line(alone: Path, content: str) -> None:
    (alone / "report.json").write_text(content)
    with pytest.raises(argparse.ArgumentTypeError, match="has no report of schema 5"):
        arguments.report_folder(str(alone))
