"""How a run was measured stands in its report, point by point, from its own figures."""

from pathlib import Path

from loadtests import report
from loadtests.processes import ROOT
from loadtests.report.figures import figures
from loadtests.report.method import NOT_COVERED, POINTS, points
from tests.loadtests.made_runs import made_run, written


def said(found: dict[str, object]) -> dict[str, str]:
    return {asks: words for _, asks, words in points(found)}


def test_a_comparison_says_of_each_point_what_it_did() -> None:
    found = said(figures(made_run("a")))
    assert found["no figures without parity"] == "70 checks, 0 failed"
    assert found["requests arrive whatever the answers do"].startswith(
        "2,880 requests at their times, 0 of them dropped"
    )
    assert found["the generator proves itself"] == "at most 5 % of a core, 0 requests started late; nothing void"
    assert found["repeats in turns, intervals over blocks, and noise is called noise"].startswith(
        "12 blocks a side of 2 s"
    )
    assert " stale; 0 effects lost or doubled" in found["freshness and lost effects are results"]
    uncovered = {asks for asks, words in found.items() if words == NOT_COVERED}
    assert uncovered == {
        "capacity is found",
        "the bill comes from counted units",
        "neither side has what the other has not",
    }


def test_a_void_run_says_so() -> None:
    run = made_run("a")
    run.scenarios["browse"][0].block.cpu = 0.9
    assert said(figures(run))["the generator proves itself"].endswith("; void, as the first screen says")


def test_a_run_without_a_comparison_covers_what_it_has(tmp_path: Path) -> None:
    folder = report.add_chapter(tmp_path / "alone", "capacity", {"slo": "p95<250ms", "scenarios": {}})
    page = (folder / "report.html").read_text()
    assert page.count(f"<td>{NOT_COVERED}</td>") >= 7
    assert "everything here is made from report.json" in page


def test_every_form_of_the_report_lists_all_points(tmp_path: Path) -> None:
    folder = written(made_run("a"), tmp_path / "run")
    for form in ("report.html", "report.md"):
        text = (folder / form).read_text()
        assert all(point.asks in text for point in POINTS)


def test_the_docs_list_the_same_points_in_the_same_order() -> None:
    text = (ROOT / "docs" / "method.md").read_text()
    places = [text.find(f"**{point.asks[0].upper()}{point.asks[1:]}.**") for point in POINTS]
    assert len(POINTS) == 12
    assert -1 not in places
    assert places == sorted(places)
