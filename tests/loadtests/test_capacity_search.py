"""The search finds the capacity of a queue in virtual time, however much its probes vary."""

from math import inf
from random import Random

import pytest

from loadtests.capacity import alternate
from loadtests.capacity.search import LEAST_RATE, PRECISION, Level, Outcome, Probe, Search
from loadtests.histograms import encode, histogram_of
from loadtests.load import BlockResult, LoadPlan
from loadtests.settings import LoadOptions
from tests.loadtests.queues import in_virtual_time

LEVEL = Level(p95_ms=100, errors_percent=0.1)
PLAN = LoadPlan(base_url="http://127.0.0.1:1", rate=1, duration_s=1, warm_up_s=0, seed="queue", path="/")
NOTHING = encode(histogram_of([]))


def new_search(**changed: object) -> Search:
    defaults = {"plan": PLAN, "level": LEVEL, "ceiling": 2_000.0}
    return Search(**{**defaults, **changed})  # type: ignore[arg-type]


def searched(offer: object, *, seconds: float = 1e9, **changed: object) -> Search:
    search = new_search(**changed)
    alternate({"monolith": search}, offer, seconds=seconds, on_probe=lambda *_: None)  # type: ignore[arg-type]
    return search


def block(*latencies_ms: float, errors: int = 0, refused: int = 0, dropped: int = 0) -> BlockResult:
    return BlockResult(
        offered=len(latencies_ms) + errors + refused + dropped, succeeded=len(latencies_ms), errors=errors, refused=refused,
        dropped=dropped, latencies=encode(histogram_of(latencies_ms)),
    )  # fmt: skip


def due(plan: LoadPlan, **counts: int) -> BlockResult:
    """Return a block of all arrivals of a plan, of which a hundred were answered without delay."""
    return BlockResult(arrivals=round(plan.rate * plan.duration_s), offered=100, latencies=NOTHING, **counts)


def test_a_level_holds_only_below_its_limits() -> None:
    level = Level(p95_ms=20, errors_percent=10)
    assert str(level) == "p95<20ms,errors<10%"
    assert level.broken([block(*[10.0] * 95, errors=5)]) == []
    assert level.broken([block(*[25.0] * 95, errors=5)]) == ["p95 25 ms, over 20 ms"]
    assert level.broken([block(*[10.0] * 90, errors=10)]) == ["errors 10 %, over 10 %"]
    assert level.broken([block(*[1.0] * 995, refused=5)]) == []
    assert level.broken([block(*[1.0] * 900, refused=100)]) == ["refused 10 %, over 1 %"]
    assert level.broken([block(*[1.0] * 900, dropped=100)]) == ["dropped 10 %, over 1 %"]


def test_one_disturbed_block_does_not_break_a_level() -> None:
    assert Level(20, 1).broken([block(*[10.0] * 50), block(*[900.0] * 50), block(*[12.0] * 50)]) == []


def test_a_probe_offers_its_rate_from_start_to_end() -> None:
    plan = new_search(plan=LoadOptions().apply(PLAN)).plan_of(100)
    assert plan.duration_s >= 1.5
    assert len(list(plan.arrivals())) == round(100 * (plan.warm_up_s + plan.duration_s))


@pytest.mark.parametrize("capacity", [11.0, 47.0, 333.0])
def test_the_search_finds_the_knee_within_the_precision(capacity: float) -> None:
    search = searched(in_virtual_time(capacity, rng=Random(1)))
    assert search.next_rate() is None
    assert search.high <= search.low * (1 + PRECISION) * 1.001
    assert search.knee()[0] == pytest.approx(capacity, rel=PRECISION)


def test_the_interval_contains_the_capacity_however_much_the_probes_vary() -> None:
    knees = [searched(in_virtual_time(111, rng=Random(seed), hiccup=0.1)).knee() for seed in range(10)]
    assert sum(low <= 111 <= (high or 0) for _, low, high in knees) >= 9
    assert sum(knee == pytest.approx(111, rel=0.1) for knee, _, _ in knees) >= 9


def test_one_disturbed_probe_breaks_nothing() -> None:
    answers, disturbed = in_virtual_time(1_000, rng=Random(1)), {40.0}

    def offer(plan: LoadPlan) -> BlockResult:
        if plan.rate in disturbed:
            disturbed.discard(plan.rate)
            return due(plan, errors=100)
        return answers(plan)

    assert searched(offer).low > 800


def test_a_rate_that_held_by_chance_does_not_stay_in_the_bracket() -> None:
    answers, lucky = in_virtual_time(100, rng=Random(1)), {160.0}

    def offer(plan: LoadPlan) -> BlockResult:
        if plan.rate in lucky:
            lucky.discard(plan.rate)
            return due(plan, succeeded=100)
        return answers(plan)

    search = searched(offer)
    assert search.high <= 121
    _, low, high = search.knee()
    assert high
    assert low <= 100 <= high


def test_a_ceiling_that_holds_is_at_least_the_capacity() -> None:
    search = searched(in_virtual_time(1_000, rng=Random(1)), ceiling=150.0)
    assert (search.low, search.high, search.at_least) == (150, inf, True)


@pytest.mark.parametrize("limit", ["cpu", "late", "missing"])
def test_the_load_generators_limit_is_not_the_systems(limit: str) -> None:
    answers = in_virtual_time(1_000, rng=Random(1))

    def offer(plan: LoadPlan) -> BlockResult:
        block = answers(plan)
        if limit == "missing":
            block.arrivals = min(block.arrivals, round(240 * plan.duration_s))
            return block
        block.cpu, block.late = (
            (plan.rate / 300, 0) if limit == "cpu" else (0.0, round(plan.rate / 255 * 0.05 * block.arrivals))
        )
        return block

    search = searched(offer)
    assert search.at_least
    assert 200 < search.low <= 256 < search.high
    assert all(probe.void for probe in search.probes if probe.rate >= search.high)


def test_a_system_that_holds_no_rate_has_no_knee() -> None:
    search = searched(lambda plan: due(plan, errors=100))
    assert (search.low, search.high, search.knee()) == (0, LEAST_RATE, (LEAST_RATE, 0, LEAST_RATE))


def test_the_sides_alternate_until_each_has_ended() -> None:
    capacities, order = {"monolith": 300.0, "microservices": 30.0}, list[str]()
    offers = {side: in_virtual_time(capacity, rng=Random(side)) for side, capacity in capacities.items()}
    searches = {
        side: new_search(plan=LoadPlan(base_url=side, rate=1, duration_s=1, warm_up_s=0, seed="queue", path="/"))
        for side in capacities
    }
    alternate(
        searches, lambda plan: offers[plan.base_url](plan), seconds=1e9, on_probe=lambda side, *_: order.append(side)
    )
    assert order[:4] == ["monolith", "microservices", "microservices", "monolith"]
    assert searches["monolith"].low > 9 * searches["microservices"].high / 1.1


def test_a_search_that_ends_anywhere_has_probed_both_ends() -> None:
    search, good, bad = new_search(), block(*[1.0] * 100), block(errors=100)
    while rate := search.next_rate():
        search.probes.append(Probe(rate=rate, seconds=0, block=good if rate <= 100 else bad))
        assert {search.low, search.high} <= {probe.rate for probe in search.probes} | {0.0, inf}
    assert search.low <= 100 < search.high <= search.low * 1.11
    assert min(len(search.at(search.low)), len(search.at(search.high))) == 2


def test_a_probe_that_broke_runs_again() -> None:
    search = new_search()
    search.probes.append(Probe(rate=20, seconds=0, block=block(errors=1)))
    assert (search.next_rate(), search.high) == (20, inf)
    search.probes.append(Probe(rate=20, seconds=0, block=block(errors=1)))
    assert search._outcomes() == {20: Outcome.BROKEN}
