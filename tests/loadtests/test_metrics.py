"""Verdicts by scenario and metric."""

from typing import Any

import pytest

from loadtests.report.figures import figures
from loadtests.results import Results
from loadtests.statistics.resampling import PairedComparison
from loadtests.statistics.verdicts import METRICS, SIGNIFICANCE, significance_of, verdict_of
from tests.loadtests.made_runs import made_run

SIDES = ("monolith", "microservices")


def judge(metric: str, low: float, high: float, p_value: float = 0.0005) -> str:
    comparison = PairedComparison(first=1, second=(low * high) ** 0.5, low=low, high=high, p_value=p_value)
    return verdict_of(metric, SIDES, comparison, significance=0.0025)


def metrics(run: Results, scenario: str = "browse") -> dict[str, Any]:
    return figures(run)["scenarios"][scenario]["metrics"]  # type: ignore[no-any-return]


def verdicts(run: Results) -> dict[str, str]:
    return {metric: one["verdict"] for metric, one in metrics(run).items()}


def test_lower_latency_and_higher_goodput_are_better() -> None:
    assert (judge("p95_ms", 1.2, 1.4), judge("p95_ms", 0.6, 0.8)) == SIDES
    assert (judge("goodput", 0.6, 0.8), judge("goodput", 1.2, 1.4)) == SIDES


def test_a_negligible_uncertain_or_insignificant_difference_is_within_noise() -> None:
    assert judge("p95_ms", 1.01, 1.08) == "within noise"
    assert judge("p95_ms", 0.99, 1.4) == "within noise"
    assert judge("p95_ms", 1.2, 1.4, p_value=0.003) == "within noise"
    assert judge("p95_ms", 1.01, 1.4) == "monolith"


@pytest.mark.parametrize("scenarios", [1, 5])
def test_all_comparisons_of_a_run_share_one_significance_level(scenarios: int) -> None:
    assert scenarios * sum(significance_of(metric, scenarios) for metric in METRICS) == pytest.approx(SIGNIFICANCE)


MANY = tuple(metric for metric in METRICS if metric != "p99_ms")  # metrics of 720 requests, of which 7 are beyond p99


def test_every_scenario_is_judged_by_each_metric() -> None:
    judged = metrics(made_run("a"))
    assert tuple(judged) == MANY
    assert judged["p50_ms"]["verdict"] == judged["geometric_mean_ms"]["verdict"] == "monolith"
    assert judged["p50_ms"]["ratio"] == round(judged["p50_ms"]["microservices"] / judged["p50_ms"]["monolith"], 3)
    assert abs(judged["p50_ms"]["ratio"] - 4) < 0.4


@pytest.mark.parametrize(("pairs", "judged"), [(8, 0), (10, 1), (11, len(MANY))])
def test_fewer_than_eleven_pairs_of_five_scenarios_are_too_few_for_most_metrics(pairs: int, judged: int) -> None:
    run = made_run("a", scenarios=("browse", "publish", "vote-storm", "checkout"))
    for blocks in run.scenarios.values():
        del blocks[2 * pairs :]
    assert list(verdicts(run).values()).count("too few blocks") == len(MANY) - judged


def test_half_a_pair_does_not_count() -> None:
    run = made_run("a")
    run.scenarios["browse"].pop()
    browse = figures(run)["scenarios"]["browse"]
    assert browse["monolith"]["seconds"] == browse["microservices"]["seconds"] == 22.0
    assert browse["monolith"]["offered_rate"] == 30


def test_a_scenario_without_a_whole_pair_is_left_out() -> None:
    run = made_run("a")
    run.scenarios["browse"] = run.scenarios["browse"][:1]
    assert list(figures(run)["scenarios"]) == ["live"]


def test_a_side_that_does_not_carry_the_rate_is_judged_by_goodput_alone() -> None:
    run = made_run("a")
    for measured in run.scenarios["browse"]:
        if measured.side == "microservices":
            measured.block.succeeded, measured.block.errors = 40, 20
    judged = verdicts(run)
    assert judged.pop("goodput") == "monolith"
    assert set(judged.values()) == {"rate not carried"}
