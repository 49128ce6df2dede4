"""The chapter of drills: what users saw by feature and second, and what was lost, doubled or repaired by hand."""

from pathlib import Path

from rich.console import Console

from loadtests import report
from loadtests.report import drills
from loadtests.report.tables import Table
from tests.loadtests.drill import made_drills


def tables(**changed: object) -> tuple[Table, ...]:
    return tuple(drills.chapter(made_drills.figures(**changed)).tables)


def test_a_row_shows_the_requests_that_did_not_succeed_since_the_injection() -> None:
    rows = [[*row] for row in tables()[0].rows]
    assert rows[0] == ["kill-worker", "monolith", "1 failed of 16", "1.5", "2.5", "0", "nothing", "measured"]
    assert rows[1] == [
        "kill-worker",
        "microservices",
        "1 slow, 3 refused, 2 failed of 14",
        "1.5",
        "2.5",
        "0",
        "replay 2 records",
        "emulated",
    ]
    assert len(rows) == 3


def test_a_strip_shows_each_second_of_a_feature_that_suffered() -> None:
    assert [[*row] for row in tables()[1].rows] == [
        ["kill-worker", "monolith", "posts", "1 failed of 8", "·X·"],
        ["kill-worker", "microservices", "votes", "1 slow, 3 refused, 2 failed of 6", "·rX"],
        ["kill-database", "monolith", "posts", "4 refused of 8", "·r·"],
    ]


def test_a_long_strip_shows_the_worst_outcome_of_several_seconds() -> None:
    seconds = [[1, 0, 0, 0]] * 80
    assert tables(features={"posts": [*seconds, [1, 0, 1, 0]]})[1].rows[0][4] == "·" * 26 + "r"


def test_a_side_without_counterpart_says_why() -> None:
    assert ("kill-database", "microservices", "Not run: no process to kill.", "", "") in tables()[2].rows


def test_lost_and_doubled_effects_are_named_and_a_side_that_did_not_recover() -> None:
    found = drills.chapter(made_drills.figures(lost_or_doubled={"votes": 2, "orders": 0}, caught_up_s=None))
    assert found.tables[0].rows[0][5] == "2 votes"
    assert (
        found.findings[0].text
        == "Of 2 faults on the monolith: 2 effects lost or doubled, no recovery from kill-worker."
    )


def test_every_form_has_the_chapter_and_the_page_a_chart_of_each_fault(tmp_path: Path) -> None:
    folder = report.add_chapter(tmp_path / "run", "drills", made_drills.figures())
    page, text = ((folder / name).read_text() for name in ("report.html", "report.md"))
    assert page.count('aria-label="Chart: kill-') == 2
    assert "| kill-worker | microservices | votes | 1 slow, 3 refused, 2 failed of 6 | ·rX |" in text
    console = Console(width=80, record=True, file=(tmp_path / "terminal").open("w"))
    report.print_chapter(folder, "drills", console)
    assert "0 effects lost or doubled, recovered within 2.5 s" in " ".join(console.export_text().split())
