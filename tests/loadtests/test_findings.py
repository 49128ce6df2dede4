"""The findings on the first screen follow from the figures and claim nothing else."""

from dataclasses import replace

from loadtests.report.comparison import findings
from loadtests.report.figures import figures
from loadtests.results import SIDES, Results
from tests.loadtests.made_runs import made_run


def texts(results: Results) -> list[str]:
    return [finding.text for finding in findings(figures(results))]


def test_a_comparison_has_three_findings_each_with_its_origin() -> None:
    result = findings(figures(made_run("a", scenarios=("browse", "publish"))))
    assert [finding.origin for finding in result] == ["counted", "emulated", "emulated"]
    answers, freshness, in_time = (finding.text for finding in result)
    assert answers == "Both systems gave the same answers in 70 checks. Effects lost or doubled: 0."
    assert freshness.startswith("Writes are visible at once on the monolith, and after ")
    assert in_time.endswith(
        "the monolith answered 100 % of the offered requests correctly and in time, the microservices 100 %."
    )
    assert not any("p95" in finding.text for finding in result)


def test_the_finding_shows_the_worst_scenario_of_each_side() -> None:
    run = made_run("a", scenarios=("browse", "publish"))
    for measured in run.scenarios["browse"]:
        measured.block.succeeded, measured.block.errors = (30, 30) if measured.side == "monolith" else (45, 15)
    assert texts(run)[2].endswith(
        "answered 50 % of the offered requests correctly and in time, the microservices 75 %."
    )


def test_lost_effects_are_counted_by_side() -> None:
    run = made_run("a")
    run.freshness["microservices"].lost_or_doubled_votes = 3
    assert texts(run)[0].endswith("Effects lost or doubled: 3 on the microservices.")


def test_without_an_audit_of_both_sides_nothing_is_claimed() -> None:
    run = made_run("a")
    del run.freshness["microservices"]  # an interrupted run
    assert texts(run)[0].endswith("The consistency audit did not run.")


def test_without_lags_no_freshness_is_claimed() -> None:
    run = made_run("a")
    for side in SIDES:
        run.freshness[side].lags = {kind: replace(lag, lags_ms=[]) for kind, lag in run.freshness[side].lags.items()}
    assert texts(run)[1] == "Freshness was not measured."


def test_stale_reads_of_the_monolith_are_counted() -> None:
    run = made_run("a")
    run.freshness["monolith"].lags["post_to_search"].stale_first_reads = 2
    assert "visible with 2 stale first reads of 25 on the monolith" in texts(run)[1]
