"""The search finds the rate that a queue of a known capacity breaks at, in virtual time, whatever luck its probes have."""

from contextlib import suppress
from math import inf
from random import Random

import pytest

from loadtests.capacity.climb import Climb
from loadtests.capacity.knee import Knee, no_less, ratio
from loadtests.capacity.measuring import Run, take_turns
from loadtests.capacity.search import LEAST_RATE, End, Outcome, Search
from loadtests.capacity.slo import parsed
from loadtests.histograms import encoded, histogram_of
from loadtests.load import BlockResult, LoadPlan
from tests.loadtests.queues import in_virtual_time

SLO = parsed("p95<100ms,errors<0.1%")
PLAN = LoadPlan(base_url="http://127.0.0.1:1", rate=1, duration_s=1, warm_up_s=0, seed="queue", path="/")
FOR_EVER = 1e9
NOTHING = encoded(histogram_of([]))


def searched(run: Run, *, ceiling: float = 2_000, precision: float = 0.1, seconds: float = FOR_EVER) -> Climb:
    climb = Climb(PLAN, SLO, Search(20, ceiling, precision), meter=None)
    take_turns({"monolith": climb}, run, seconds=seconds, told=lambda *_: None)
    return climb


def knee_of(climb: Climb) -> Knee:
    found = climb.knee()
    assert found is not None
    return found


@pytest.mark.parametrize("capacity", [11.0, 47.0, 333.0])
@pytest.mark.parametrize("precision", [0.05, 0.1])
def test_the_knee_is_found_within_the_precision(capacity: float, precision: float) -> None:
    climb = searched(in_virtual_time(capacity, luck=Random(1)), precision=precision)
    found = knee_of(climb)
    assert climb.search.end is End.BROKE
    assert climb.search.high <= climb.search.low * (1 + precision) * 1.001
    assert found.rate == pytest.approx(capacity, rel=precision)


def test_the_interval_holds_the_capacity_whatever_luck_the_probes_had() -> None:
    found = [knee_of(searched(in_virtual_time(111, luck=Random(luck), hiccup=0.1))) for luck in range(10)]
    assert sum(one.low <= 111 <= one.high for one in found) >= 9
    assert sum(one.rate == pytest.approx(111, rel=0.1) for one in found) >= 9


def test_one_probe_that_somebody_else_held_up_breaks_nothing() -> None:
    answers, held_up = in_virtual_time(1_000, luck=Random(1)), {40.0}

    def run(plan: LoadPlan) -> BlockResult:
        if plan.rate in held_up:
            held_up.discard(plan.rate)
            return BlockResult(offered=100, errors=100, latencies=NOTHING)
        return answers(plan)

    assert searched(run).search.low > 800


def test_long_probes_move_a_bracket_that_short_ones_saw_too_high() -> None:
    answers, lengths = in_virtual_time(100, luck=Random(1)), set[float]()

    def run(plan: LoadPlan) -> BlockResult:
        lengths.add(plan.duration_s)
        easy = plan.duration_s < 2 and plan.rate < 150
        return BlockResult(offered=100, succeeded=100, latencies=NOTHING) if easy else answers(plan)

    climb = searched(run)
    assert max(lengths) >= 2
    assert climb.search.high <= 121
    assert knee_of(climb).low <= 100 <= knee_of(climb).high


def test_a_ceiling_that_holds_is_at_least_the_capacity() -> None:
    climb = searched(in_virtual_time(1_000, luck=Random(1)), ceiling=150)
    assert (climb.search.low, climb.search.high, climb.search.end) == (150, inf, End.CEILING)


def test_a_generator_at_its_limit_is_not_the_systems() -> None:
    answers = in_virtual_time(1_000, luck=Random(1))

    def run(plan: LoadPlan) -> BlockResult:
        made = answers(plan)
        made.cpu = plan.rate / 300
        return made

    climb = searched(run)
    assert climb.search.end is End.GENERATOR
    assert climb.search.stopped_by is Outcome.VOID
    assert 200 < climb.search.low <= 255 < climb.search.high
    assert all(probe.void for probe in climb.probes if probe.rate >= climb.search.high)


def test_late_arrivals_void_a_probe_too() -> None:
    def run(plan: LoadPlan) -> BlockResult:
        late = 6 if plan.rate > 60 else 4
        return BlockResult(offered=100, succeeded=100, arrivals=100, latencies=NOTHING, late=late)

    assert searched(run).search.end is End.GENERATOR


def test_a_system_that_holds_no_rate_is_below_all_of_them() -> None:
    climb = searched(lambda _: BlockResult(offered=10, errors=10, latencies=NOTHING))
    assert (climb.search.low, climb.search.high, climb.search.end) == (0, LEAST_RATE, End.FLOOR)


def test_a_search_that_runs_out_of_time_stands_where_it_was() -> None:
    climb = searched(in_virtual_time(1_000, luck=Random(1)), seconds=0)
    assert len(climb.probes) <= 1
    assert climb.search.end is End.TIME


def test_both_sides_take_turns_until_each_has_ended() -> None:
    capacities, order = {"monolith": 300.0, "microservices": 30.0}, list[str]()
    runs = {side: in_virtual_time(capacity, luck=Random(side)) for side, capacity in capacities.items()}
    climbs = {side: Climb(PLAN, SLO, Search(20, 2_000, 0.1), meter=None) for side in capacities}
    for climb, side in zip(climbs.values(), capacities, strict=True):
        climb.plan = LoadPlan(base_url=side, rate=1, duration_s=1, warm_up_s=0, seed="queue", path="/")
    take_turns(
        climbs, lambda plan: runs[plan.base_url](plan), seconds=FOR_EVER, told=lambda side, *_: order.append(side)
    )
    assert order[:4] == ["monolith", "microservices", "microservices", "monolith"]
    own, other = (knee_of(climb) for climb in climbs.values())
    compared = ratio(own, other, at_least=(False, False))
    assert compared.verdict == "monolith"
    assert compared.low <= 0.1 <= compared.high


def test_sides_that_carry_the_same_are_within_noise() -> None:
    own, other = (knee_of(searched(in_virtual_time(200, luck=Random(luck)))) for luck in (1, 2))
    assert ratio(own, other, at_least=(False, False)).verdict == "within noise"


def test_a_side_that_did_not_break_can_only_carry_more() -> None:
    little, much = no_less(50), no_less(500)
    assert ratio(much, little, at_least=(True, False)).verdict == "monolith"
    assert ratio(little, much, at_least=(False, True)).verdict == "microservices"
    assert ratio(much, little, at_least=(False, True)).verdict == "unknown"
    assert ratio(little, much, at_least=(True, True)).verdict == "unknown"


@pytest.mark.parametrize(("seen_short", "capacity"), [(150.0, 100.0), (60.0, 100.0)])
def test_a_search_that_is_ended_anywhere_has_probed_both_ends(seen_short: float, capacity: float) -> None:
    search, probed = Search(20, 2_000, 0.1), {0.0, inf}
    steps = search.steps()
    step = next(steps)
    with suppress(StopIteration):
        while True:
            probed.add(step.rate)
            held = step.rate <= (capacity if step.long else seen_short)
            step = steps.send((Outcome.HELD if held else Outcome.BROKEN,) * 2)
            assert {search.low, search.high} <= probed
    assert search.low <= capacity < search.high <= search.low * 1.11
