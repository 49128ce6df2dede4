"""Each report shows how its run was measured, point by point, from its own figures."""

from pathlib import Path

from loadtests import report
from loadtests.processes import ROOT
from loadtests.report.figures import figures
from loadtests.report.method import NOT_COVERED, POINTS, points
from tests.loadtests.made_runs import made_run, write_report


def evidence(report: dict[str, object]) -> dict[str, str]:
    return {rule: text for _, rule, text in points(report)}


def test_a_comparison_shows_its_evidence_for_each_point() -> None:
    shown = evidence(figures(made_run("a")))
    assert shown["no figures without parity"] == "70 checks, 0 failed"
    load = shown["the load is open: requests arrive on schedule"]
    assert load.startswith("2,880 requests on schedule, 0 of them dropped")
    assert shown["the generator proves itself"] == "at most 5 % of a core, 0 requests started late; nothing void"
    assert "12 interleaved blocks a side of 2 s" in " ".join(shown.values())
    assert " stale first reads; 0 effects lost or doubled" in shown["freshness and consistency are results"]
    assert {rule for rule, text in shown.items() if text == NOT_COVERED} == {
        "capacity is searched for, not guessed", "the bill comes from counted units", "both sides have equal resources",
    }  # fmt: skip


def test_a_void_run_says_so() -> None:
    run = made_run("a")
    run.scenarios["browse"][0].block.cpu = 0.9
    assert evidence(figures(run))["the generator proves itself"].endswith("; void, see the first screen")


def test_a_report_without_a_comparison_covers_few_points(tmp_path: Path) -> None:
    folder = report.add_chapter(tmp_path / "alone", "capacity", {"slo": "p95<250ms", "scenarios": {}})
    page = (folder / "report.html").read_text()
    assert page.count(f"<td>{NOT_COVERED}</td>") >= 7
    assert "all of it comes from report.json" in page


def test_page_and_markdown_list_all_points(tmp_path: Path) -> None:
    folder = write_report(made_run("a"), tmp_path / "run")
    for form in ("report.html", "report.md"):
        assert all(rule in (folder / form).read_text() for rule in POINTS)


def test_the_docs_list_the_same_points_in_the_same_order() -> None:
    text = (ROOT / "docs" / "method.md").read_text()
    places = [text.find(f"**{rule[0].upper()}{rule[1:]}.**") for rule in POINTS]
    assert len(POINTS) == 12
    assert -1 not in places
    assert places == sorted(places)
