"""By what a scenario is judged, and when nothing is said."""

import pytest

from loadtests.report.figures import figures
from loadtests.results import Results
from loadtests.statistics.metrics import BY_CHANCE, METRICS, enough, verdict
from loadtests.statistics.resampling import Compared
from tests.loadtests.made_runs import made_run

SIDES = ("monolith", "microservices")


def said(metric: str, low: float, high: float, chance: float = 0.0005) -> str:
    found = Compared(first=1, second=(low * high) ** 0.5, low=low, high=high, chance=chance, standardised=1.0)
    return verdict(metric, SIDES, found, sure=0.0025)


def verdicts(run: Results, scenario: str = "browse") -> dict[str, str]:
    return {metric: one["verdict"] for metric, one in figures(run)["scenarios"][scenario]["metrics"].items()}


def test_of_times_the_less_is_better_and_of_answers_the_more() -> None:
    assert (said("p95_ms", 1.2, 1.4), said("p95_ms", 0.6, 0.8)) == SIDES
    assert (said("goodput", 0.6, 0.8), said("goodput", 1.2, 1.4)) == SIDES


def test_what_is_indifferent_unsure_or_chance_is_within_noise() -> None:
    assert said("p95_ms", 1.01, 1.08) == "within noise"
    assert said("p95_ms", 0.99, 1.4) == "within noise"
    assert said("p95_ms", 1.2, 1.4, chance=0.003) == "within noise"
    assert said("p95_ms", 1.01, 1.4) == "monolith"


@pytest.mark.parametrize("scenarios", [1, 5])
def test_all_comparisons_of_a_run_together_name_one_of_two_alike_in_at_most_one_run_of_twenty(scenarios: int) -> None:
    assert scenarios * sum(enough(metric, scenarios) for metric in METRICS) == pytest.approx(BY_CHANCE)


def test_every_scenario_is_judged_by_each_metric() -> None:
    found = figures(made_run("a"))["scenarios"]["browse"]["metrics"]
    assert tuple(found) == METRICS
    assert found["p50_ms"]["verdict"] == found["geometric_mean_ms"]["verdict"] == "monolith"
    assert found["p50_ms"]["ratio"] == round(found["p50_ms"]["microservices"] / found["p50_ms"]["monolith"], 3)
    assert abs(found["p50_ms"]["effect"]["change_percent"] - 300) < 40
    assert found["goodput"]["effect"] == {"change_percent": 0.0, "standardised": 0.0}
    assert [one.get("beyond") for one in found.values()] == [None, 360, 36, 7, None]


@pytest.mark.parametrize(("pairs", "judged"), [(8, 0), (9, 1), (10, 1), (11, len(METRICS))])
def test_fewer_than_eleven_pairs_of_five_scenarios_are_too_few_for_all_but_the_surest_metric(
    pairs: int, judged: int
) -> None:
    run = made_run("a", scenarios=("browse", "publish", "vote-storm", "checkout"))
    for found in run.scenarios.values():
        del found[2 * pairs :]
    said = list(verdicts(run).values())
    assert said.count("too few blocks") == len(METRICS) - judged


def test_half_a_pair_does_not_count() -> None:
    run = made_run("a")
    run.scenarios["browse"].pop()
    found = figures(run)["scenarios"]["browse"]
    assert found["monolith"]["seconds"] == found["microservices"]["seconds"] == 22.0
    assert found["monolith"]["offered_rate"] == 30


def test_a_scenario_without_a_whole_pair_is_left_out() -> None:
    run = made_run("a")
    run.scenarios["browse"] = run.scenarios["browse"][:1]
    assert list(figures(run)["scenarios"]) == ["live"]


def test_who_does_not_carry_the_rate_is_judged_by_its_answers_alone() -> None:
    run = made_run("a")
    for measured in run.scenarios["browse"]:
        if measured.side == "microservices":
            measured.block.succeeded, measured.block.errors = 40, 20
    found = verdicts(run)
    assert {found.pop("goodput")} == {"monolith"}
    assert set(found.values()) == {"rate not carried"}
