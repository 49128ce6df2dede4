"""The findings on the first screen say what the figures say, and no more."""

from dataclasses import replace

from loadtests.report.figures import figures
from loadtests.report.findings import findings
from loadtests.results import SIDES, Results
from tests.loadtests.made_runs import made_run

SCENARIOS = ("browse", "publish")


def texts(results: Results) -> list[str]:
    return [finding.text for finding in findings(figures(results))]


def test_a_comparison_has_three_findings_each_with_its_origin() -> None:
    result = findings(figures(made_run("a", scenarios=SCENARIOS)))
    assert [finding.origin for finding in result] == ["emulated"] * 3
    latency, correctness, freshness = (finding.text for finding in result)
    assert latency == "The monolith's p95 is lower in 3 of 3 scenarios."
    assert correctness.startswith("Both sides answered 100 % of the offered requests correctly and in time")
    assert correctness.endswith("no effect was lost or doubled.")
    assert freshness.startswith("Writes are visible at once on the monolith, and after ")


def test_equal_sides_are_within_noise() -> None:
    run = made_run("a", scenarios=SCENARIOS)
    for blocks in run.scenarios.values():
        for measured in blocks:
            measured.block = replace(blocks[0].block)
    assert texts(run)[0] == "Neither side's p95 is significantly lower; within noise: browse, publish, live."


def test_microservices_with_a_lower_p95_are_named() -> None:
    run = made_run("a", slower={"monolith": 8}, scenarios=SCENARIOS)
    assert texts(run)[0] == "The microservices' p95 is lower in 3 of 3 scenarios."


def test_the_latency_of_a_rate_that_was_not_carried_is_not_compared() -> None:
    run = made_run("a", scenarios=SCENARIOS)
    for measured in run.scenarios["browse"]:
        measured.block.succeeded, measured.block.errors = 30, 30
    latency, correctness, _ = texts(run)
    assert latency == "The monolith's p95 is lower in 2 of 3 scenarios; rate not carried: browse."
    assert correctness.startswith("Both sides answered 50 % ")


def test_lost_effects_are_counted_by_side() -> None:
    run = made_run("a")
    run.freshness["microservices"].lost_or_doubled_votes = 3
    assert "effects lost or doubled: 3 on the microservices" in texts(run)[1]


def test_without_an_audit_of_both_sides_nothing_is_claimed() -> None:
    run = made_run("a")
    del run.freshness["microservices"]  # an interrupted run
    assert texts(run)[1].endswith("the consistency audit did not run.")


def test_without_lags_no_freshness_is_claimed() -> None:
    run = made_run("a")
    for side in SIDES:
        run.freshness[side].lags = {kind: replace(lag, lags_ms=[]) for kind, lag in run.freshness[side].lags.items()}
    assert texts(run)[2] == "Freshness was not measured."


def test_stale_reads_of_the_monolith_are_counted() -> None:
    run = made_run("a")
    run.freshness["monolith"].lags["post_to_search"].stale_first_reads = 2
    assert "visible with 2 stale first reads of 25 on the monolith" in texts(run)[2]
