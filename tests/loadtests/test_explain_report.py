"""The chapter of `explain` in every form of a report."""

import csv
import io
from pathlib import Path
from urllib.parse import unquote

import pytest
from rich.console import Console

from loadtests import report
from loadtests.report.explain import chapter
from tests.loadtests.made_explained import explained
from tests.loadtests.made_runs import made_run, write_report


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return report.add_chapter(tmp_path_factory.mktemp("explain") / "report", "explain", explained())


def test_the_findings_are_the_total_and_its_largest_parts() -> None:
    total, parts = (finding.text for finding in chapter(explained()).findings)
    assert (
        total
        == "Warm and without load, all journeys together took 5.0 ms on the monolith and 40.0 ms on the microservices."
    )
    assert parts == "Of the difference, 40 % is gateway, server and network, 29 % is cold start, 23 % is stores."


def test_the_table_of_parts_adds_up_to_the_difference(folder: Path) -> None:
    rows = list(chapter(explained()).tables[0].rows)
    assert rows[0][:2] == ("voter", "all")
    assert float(rows[0][4]) == pytest.approx(sum(float(row[4]) for row in rows[1:]), abs=0.3)
    for row in rows:
        assert " | ".join(row) in (folder / "report.md").read_text()


def test_each_chart_has_its_spans_with_their_lines_as_a_file() -> None:
    charts = {chart.name: chart for chart in chapter(explained()).charts()}
    assert list(charts) == ["explain-voter-monolith", "explain-voter-microservices", "explain-voter-afterwards"]
    text = unquote(charts["explain-voter-microservices"].data.csv_link.partition(",")[2])
    rows = list(csv.DictReader(io.StringIO(text)))
    assert rows[-1]["line"] == "microservices/votes/store.py:23"
    assert (rows[-1]["took, ms"], rows[-1]["units"]) == ("9.00", "1")
    assert rows[0]["service"] == "client"


def test_the_chapter_is_printed_and_added_to_a_comparison(folder: Path, tmp_path: Path) -> None:
    console = Console(width=100, record=True, file=io.StringIO())
    report.print_chapter(folder, "explain", console)
    assert "all journeys together took 5.0 ms on the monolith" in console.export_text()
    run = report.add_chapter(write_report(made_run("a"), tmp_path / "run"), "explain", explained())
    assert "Why: the parts of the time" in (run / "report.html").read_text()


def test_later_work_is_no_part_of_the_answer() -> None:
    (call,) = explained()["journeys"]["voter"]["microservices"]
    assert sum(call["parts"].values()) == pytest.approx(call["ms"])
    assert [span["service"] for span in call["afterwards"]["spans"]] == ["votes-projection"]
    assert call["afterwards"]["ms"] == pytest.approx(100)
