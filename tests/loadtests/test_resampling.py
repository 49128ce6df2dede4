"""What may be said of two sides, and what may not."""

from math import exp
from random import Random
from statistics import median, stdev

import pytest

from loadtests.generator.latency import histogram_of
from loadtests.statistics import samples, student
from loadtests.statistics.quantiles import Blocks
from loadtests.statistics.resampling import Compared, compared, standardised, surest

PAIRS = 12


def blocks(seed: str, *, slower: float = 1.0, spikes: bool = False) -> list[object]:
    """Return blocks of 20 latencies each. A block has its own luck; pairs of the same number have their journeys' in common."""
    draw, journeys = Random(seed), Random("journeys")
    found = []
    for _ in range(PAIRS):
        typical = 10 * slower * exp(journeys.gauss(0, 0.2)) * exp(draw.gauss(0, 0.05))
        held_up = 20 if spikes and draw.random() < 0.2 else 0
        found.append(histogram_of([held_up + typical * exp(draw.gauss(0, 0.2)) for _ in range(20)]))
    return found


def ratio_of(first: list[object], second: list[object], percentile: int = 50) -> Compared:
    return compared(samples.latency(Blocks([*first, *second]), [percentile])[0], seed="test")


def test_the_same_data_is_the_same() -> None:
    found = ratio_of(blocks("a"), blocks("a"))
    assert (found.ratio, found.low, found.high, found.chance, found.standardised) == (1, 1, 1, 1, 0)


def test_a_quarter_slower_is_held_by_its_interval_and_is_no_chance() -> None:
    found = ratio_of(blocks("a"), blocks("b", slower=1.25))
    assert 1.05 < found.low < found.ratio < found.high < 1.5
    assert found.chance <= 0.05 / 20
    assert found.standardised is not None
    assert found.standardised > 0


def test_the_surest_is_that_all_pairs_differ_the_same_way() -> None:
    assert ratio_of(blocks("a"), blocks("b", slower=2)).chance == surest(PAIRS) == 1 / 2048
    assert surest(8) > 0.05 / 20 > surest(10)


def test_either_side_may_be_the_faster() -> None:
    one, other = ratio_of(blocks("a"), blocks("b", slower=2)), ratio_of(blocks("b", slower=2), blocks("a"))
    assert other.ratio == pytest.approx(1 / one.ratio)
    assert other.chance == one.chance


def test_the_interval_of_two_runs_of_one_system_holds_1_in_99_of_100() -> None:
    found = [ratio_of(blocks(f"a{run}"), blocks(f"b{run}")) for run in range(100)]
    assert sum(one.low <= 1 <= one.high for one in found) >= 97


def test_chance_names_one_of_two_alike_no_more_often_than_it_says() -> None:
    found = [ratio_of(blocks(f"c{run}", spikes=True), blocks(f"d{run}", spikes=True), 95) for run in range(100)]
    assert sum(one.chance <= 0.1 for one in found) <= 15


def test_pairs_of_the_same_journeys_are_drawn_together() -> None:
    paired = ratio_of(blocks("a"), blocks("b"))
    torn = ratio_of(blocks("a"), blocks("b")[5:] + blocks("b")[:5])
    assert paired.high - paired.low < torn.high - torn.low


def test_the_99th_percentile_of_few_requests_is_less_sure_than_their_median() -> None:
    middle, tail = ratio_of(blocks("a"), blocks("b")), ratio_of(blocks("a", spikes=True), blocks("b", spikes=True), 99)
    assert tail.high / tail.low > 2 * middle.high / middle.low


def test_where_answers_are_of_several_kinds_the_geometric_mean_is_surer_than_the_median() -> None:
    """The median jumps from one kind to the other; each kind moves the mean by what it is slower."""

    def mixed(seed: str, slower: float) -> list[object]:
        draw = Random(seed)
        kinds = [slower * kind for kind in (3, 3, 3, 3, 3, 9, 9, 9, 9, 9)]
        return [histogram_of([kind * exp(draw.gauss(0, 0.1)) for kind in kinds]) for _ in range(PAIRS)]

    both = Blocks([*mixed("a", 1), *mixed("b", 1.15)])
    mean = compared(samples.geometric_mean(both), seed="test")
    middle = compared(samples.latency(both, [50])[0], seed="test")
    assert 1.05 < mean.low < 1.15 < mean.high < 1.25
    assert middle.high / middle.low > mean.high / mean.low


def test_more_pairs_than_can_all_be_exchanged_are_drawn() -> None:
    first, second = (blocks(f"{side}{part}", slower=slower) for side, slower, part in (("a", 1, 1), ("b", 2, 1)))
    found = ratio_of(first * 2, second * 2)
    assert found.chance == surest(2 * PAIRS) == pytest.approx(1 / 2049)


def test_the_same_run_gives_the_same_interval() -> None:
    assert ratio_of(blocks("a"), blocks("b")) == ratio_of(blocks("a"), blocks("b"))


def test_the_standardised_difference_is_that_of_medians_in_spreads() -> None:
    draw = Random("d")
    first, second = [draw.gauss(10, 1) for _ in range(2_000)], [draw.gauss(12, 1) for _ in range(2_000)]
    assert standardised(first, second) == pytest.approx((median(second) - median(first)) / stdev(first), rel=0.05)
    assert standardised([1, 2, 3], [1, 2, 3]) == 0
    assert standardised([5, 5], [6, 6]) is None


@pytest.mark.parametrize(
    ("freedom", "reach"), [(1, 63.657), (2, 9.925), (3, 5.841), (5, 4.032), (7, 3.499), (11, 3.106), (30, 2.750)]
)
def test_t_is_that_of_the_printed_tables(freedom: int, reach: float) -> None:
    assert student.reach(0.99, freedom) == pytest.approx(reach, abs=0.001)
    assert student.chance(reach, freedom) == pytest.approx(0.01, rel=0.001)
