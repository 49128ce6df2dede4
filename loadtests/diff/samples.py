"""A figure of a run that can be resampled: from its blocks, or from its single trials."""

from collections.abc import Sequence

import numpy as np

from loadtests.diff.runs import BlockCounts, histogram
from loadtests.statistics import samples
from loadtests.statistics.resampling import tail_share
from loadtests.statistics.samples import SMALLEST, BlockHistograms, Counts, Sample, Values, seeded_rng

RESAMPLES = 1_000
GEOMETRIC_MEAN = "geo mean"


def latency(blocks: Sequence[BlockCounts], percentiles: Sequence[int]) -> dict[str, Sample]:
    """Return the geometric mean and these percentiles of the latencies of blocks, in milliseconds, by name."""
    known = BlockHistograms([histogram(block) for block in blocks])
    return {GEOMETRIC_MEAN: known.geometric_mean(), **{f"p{each}": known.percentile(each) for each in percentiles}}


def goodput(blocks: Sequence[BlockCounts], seconds: float) -> Sample:
    """Return the successful responses a second; seconds: of one block."""
    return samples.goodput([block.succeeded for block in blocks], seconds)


def typical(lags_ms: Sequence[float]) -> Sample:
    """Return the median of single lags in milliseconds, each a trial of its own."""
    lags, order = np.sort(lags_ms), np.argsort(lags_ms)
    return Sample(len(lags), lambda draws: np.maximum(_medians(lags, draws[:, order]), SMALLEST))


def interval(before: Sample, after: Sample, *, seed: str) -> tuple[float, float]:
    """Return the interval of the ratio of after over before, widened as for the fewer blocks or trials of the two."""
    rng, few = seeded_rng(seed), max(2, min(before.size, after.size))
    ratios = np.sort(after.resampled(RESAMPLES, rng) / before.resampled(RESAMPLES, rng)).tolist()
    edge = round(tail_share(few) * (RESAMPLES - 1))
    return ratios[edge], ratios[-1 - edge]


def _medians(lags: Values, draws: Counts) -> Values:
    """Return the median of each resample, of lags in rising order: the middle one, or the mean of the two in the middle."""
    up_to = np.cumsum(draws, axis=1)
    last = up_to[:, -1:] - 1
    middle: Values = np.mean([lags[(up_to <= place).sum(axis=1)] for place in (last // 2, (last + 1) // 2)], axis=0)
    return middle
