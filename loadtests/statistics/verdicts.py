"""Judge a scenario: which side is better by each metric, or within noise."""

from collections.abc import Sequence
from typing import Any

from loadtests.histograms import decode, enough_beyond
from loadtests.results import SideBlock
from loadtests.statistics import NOISE, TOO_FEW
from loadtests.statistics.resampling import NEGLIGIBLE, PairedComparison, compare_pairs, smallest_p_value
from loadtests.statistics.samples import BlockHistograms, goodput

PERCENTILES = {"p50_ms": 50, "p95_ms": 95, "p99_ms": 99}
GEOMETRIC_MEAN, GOODPUT = "geometric_mean_ms", "goodput"
METRICS = (GEOMETRIC_MEAN, *PERCENTILES, GOODPUT)
SIGNIFICANCE = 0.05  # of a whole run: the share of runs of two equal sides that may name a better one anywhere
GEOMETRIC_MEAN_SHARE = 0.5  # of SIGNIFICANCE: the geometric mean is the most sensitive metric
MIN_PAIRS = 2  # one pair cannot be resampled
Sides = dict[str, list[SideBlock]]  # two sides with as many blocks each, which are pairs in their order


def judge_scenario(name: str, sides: Sides, *, seconds: float, scenarios: int) -> dict[str, dict[str, Any]]:
    """Return each metric with its verdict, nothing with fewer than two pairs. seconds: of a block. scenarios: of the run.

    A percentile with too few requests beyond it on either side is left out.
    """
    if len(next(iter(sides.values()))) < MIN_PAIRS:
        return {}
    blocks = [one.block for measured in sides.values() for one in measured]
    histograms = BlockHistograms([decode(block.latencies) for block in blocks])
    fewest = _fewest(sides)
    samples = (
        histograms.geometric_mean(),
        *(histograms.percentile(percentile) for percentile in PERCENTILES.values()),
        goodput([block.succeeded for block in blocks], seconds),
    )
    return {
        metric: _metric(metric, sides, compare_pairs(sample, seed=f"{name} {metric}"), scenarios)
        for metric, sample in zip(METRICS, samples, strict=True)
        if enough_beyond(PERCENTILES.get(metric, 0), fewest) or metric not in PERCENTILES
    }


def significance_of(metric: str, scenarios: int) -> float:
    """Return the largest p-value that names a better side. The more comparisons a run makes, the smaller it is: each kind of
    metric has its share of SIGNIFICANCE, divided among all comparisons of that kind (weighted Bonferroni; Rosenthal and Rubin,
    Statistics in Medicine 2, 1983)."""
    if metric == GEOMETRIC_MEAN:
        return SIGNIFICANCE * GEOMETRIC_MEAN_SHARE / scenarios
    return SIGNIFICANCE * (1 - GEOMETRIC_MEAN_SHARE) / (scenarios * (len(METRICS) - 1))


def verdict_of(metric: str, sides: Sequence[str], comparison: PairedComparison, *, significance: float) -> str:
    """Return the better side if the interval excludes 1, the p-value is small enough and the ratio is beyond 5 %; else NOISE."""
    negligible = abs(comparison.ratio - 1) <= NEGLIGIBLE
    if comparison.p_value > significance or comparison.low <= 1 <= comparison.high or negligible:
        return NOISE
    first, second = sides if metric != GOODPUT else reversed(sides)  # lower latency is better, and higher goodput
    return first if comparison.ratio > 1 else second


def _metric(metric: str, sides: Sides, comparison: PairedComparison, scenarios: int) -> dict[str, Any]:
    significance = significance_of(metric, scenarios)
    enough = smallest_p_value(len(next(iter(sides.values())))) <= significance
    verdict = verdict_of(metric, tuple(sides), comparison, significance=significance)
    digits = 2 if metric == GOODPUT else 1
    values = (round(value, digits) for value in (comparison.first, comparison.second))
    return {
        **dict(zip(sides, values, strict=True)),
        **{name: round(getattr(comparison, name), 3) for name in ("ratio", "low", "high")},
        "p_value": float(f"{comparison.p_value:.2g}"),
        "verdict": verdict if enough else TOO_FEW,
    }


def _fewest(sides: Sides) -> int:
    """Return the number of latencies of the side with fewer."""
    return min(int(sum(decode(one.block.latencies).get_total_count() for one in blocks)) for blocks in sides.values())
