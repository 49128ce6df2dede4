"""Intervals and tests over pairs of blocks."""

from math import exp
from random import Random
from statistics import geometric_mean

import numpy as np
import pytest

from loadtests.histograms import empty_histogram, histogram_of, merge, percentile_ms
from loadtests.statistics.resampling import (
    PairedComparison,
    compare_pairs,
    smallest_p_value,
    t_quantile,
)
from loadtests.statistics.samples import BlockHistograms

PAIRS = 12


def blocks(seed: str, *, slower: float = 1.0, spikes: bool = False) -> list[object]:
    """Return blocks of 20 latencies. Each block varies on its own; blocks of the same number share their journeys' cost."""
    rng, journeys = Random(seed), Random("journeys")
    histograms = []
    for _ in range(PAIRS):
        typical = 10 * slower * exp(journeys.gauss(0, 0.2)) * exp(rng.gauss(0, 0.05))
        delay = 20 if spikes and rng.random() < 0.2 else 0
        histograms.append(histogram_of([delay + typical * exp(rng.gauss(0, 0.2)) for _ in range(20)]))
    return histograms


def compare(first: list[object], second: list[object], percentile: int = 50) -> PairedComparison:
    return compare_pairs(BlockHistograms([*first, *second]).percentile(percentile), seed="test")


def test_equal_sides_have_a_ratio_of_exactly_1() -> None:
    result = compare(blocks("a"), blocks("a"))
    assert (result.ratio, result.low, result.high, result.p_value) == (1, 1, 1, 1)


def test_a_side_that_is_a_quarter_slower_is_significant() -> None:
    result = compare(blocks("a"), blocks("b", slower=1.25))
    assert 1.05 < result.low < result.ratio < result.high < 1.5
    assert result.p_value <= 0.05 / 20


def test_the_p_value_is_smallest_when_all_pairs_differ_in_one_direction() -> None:
    assert compare(blocks("a"), blocks("b", slower=2)).p_value == smallest_p_value(PAIRS) == 1 / 2048
    assert smallest_p_value(8) > 0.05 / 20 > smallest_p_value(10)


def test_swapping_the_sides_inverts_the_ratio() -> None:
    one, other = compare(blocks("a"), blocks("b", slower=2)), compare(blocks("b", slower=2), blocks("a"))
    assert other.ratio == pytest.approx(1 / one.ratio)
    assert other.p_value == one.p_value


def test_the_intervals_of_runs_of_one_system_contain_1() -> None:
    results = [compare(blocks(f"a{run}"), blocks(f"b{run}")) for run in range(30)]
    assert sum(one.low <= 1 <= one.high for one in results) >= 29


def test_equal_sides_are_significant_no_more_often_than_the_p_value_says() -> None:
    results = [compare(blocks(f"c{run}", spikes=True), blocks(f"d{run}", spikes=True), 95) for run in range(30)]
    assert sum(one.p_value <= 0.1 for one in results) <= 5


def test_pairs_of_the_same_journeys_stay_together() -> None:
    paired = compare(blocks("a"), blocks("b"))
    shifted = compare(blocks("a"), blocks("b")[5:] + blocks("b")[:5])
    assert paired.high - paired.low < shifted.high - shifted.low


def test_the_p99_of_few_requests_has_a_wider_interval_than_their_median() -> None:
    middle, tail = compare(blocks("a"), blocks("b")), compare(blocks("a", spikes=True), blocks("b", spikes=True), 99)
    assert tail.high / tail.low > 2 * middle.high / middle.low


def test_the_geometric_mean_of_two_kinds_of_requests_has_a_narrower_interval_than_their_median() -> None:
    """The median jumps from one kind to the other; the geometric mean does not."""

    def mixed(seed: str, slower: float) -> list[object]:
        rng = Random(seed)
        kinds = [slower * kind for kind in (3, 3, 3, 3, 3, 9, 9, 9, 9, 9)]
        return [histogram_of([kind * exp(rng.gauss(0, 0.1)) for kind in kinds]) for _ in range(PAIRS)]

    both = BlockHistograms([*mixed("a", 1), *mixed("b", 1.15)])
    mean = compare_pairs(both.geometric_mean(), seed="test")
    middle = compare_pairs(both.percentile(50), seed="test")
    assert 1.05 < mean.low < 1.15 < mean.high < 1.25
    assert middle.high / middle.low > mean.high / mean.low


def test_the_same_blocks_give_the_same_result() -> None:
    assert compare(blocks("a"), blocks("b")) == compare(blocks("a"), blocks("b"))


@pytest.mark.parametrize(
    ("freedom", "quantile"), [(1, 63.657), (2, 9.925), (3, 5.841), (5, 4.032), (7, 3.499), (11, 3.106), (30, 2.750)]
)
def test_t_quantiles_are_those_of_the_printed_tables(freedom: int, quantile: float) -> None:
    assert t_quantile(0.99, freedom) == pytest.approx(quantile, abs=0.001)


@pytest.mark.parametrize("count", [0, 1, 60])
def test_percentiles_of_a_resample_are_those_of_its_merged_histograms(count: int) -> None:
    rng = Random(count)
    histograms = [histogram_of(rng.lognormvariate(2, 0.9) for _ in range(count)) for _ in range(4)]
    counts = [[1, 1, 1, 1], [0, 3, 1, 0], [4, 0, 0, 0], [0, 0, 0, 0]]
    totals = [
        merge([empty_histogram(), *(one for one, times in zip(histograms, row, strict=True) for _ in range(times))])
        for row in counts
    ]
    for percentile in (0.1, 50, 95, 99, 99.9, 100):
        values = BlockHistograms(histograms).percentiles_ms(percentile, np.array(counts)).tolist()
        assert values == [percentile_ms(total, percentile) for total in totals]


@pytest.mark.parametrize("count", [0, 60])
def test_the_geometric_mean_of_a_resample_is_that_of_its_latencies(count: int) -> None:
    rng = Random(count)
    latencies = [[round(rng.lognormvariate(2, 0.9), 1) for _ in range(count)] for _ in range(3)]
    resampled = [max(each, 0.1) for one, times in zip(latencies, (2, 0, 1), strict=True) for each in one * times]
    histograms = BlockHistograms([histogram_of(one) for one in latencies])
    values = histograms.geometric_means_ms(np.array([(2, 0, 1), (0, 0, 0)])).tolist()
    assert values == pytest.approx([geometric_mean(resampled) if resampled else 0.0, 0.0], rel=1e-3)
