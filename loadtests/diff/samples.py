"""A figure of a run that can be drawn again: from its blocks, or from its single trials."""

from collections.abc import Sequence
from itertools import chain, repeat
from random import Random
from statistics import median

from loadtests.diff.runs import BlockCounts, histogram
from loadtests.statistics import samples
from loadtests.statistics.resampling import tail
from loadtests.statistics.samples import LEAST, Sample

RESAMPLES = 1_000


def latency(blocks: Sequence[BlockCounts], percentiles: Sequence[int]) -> dict[str, Sample]:
    """Return these percentiles of the latencies of blocks, in milliseconds, by name."""
    found = samples.latency([histogram(block) for block in blocks], percentiles)
    return {f"p{each}": sample for each, sample in zip(percentiles, found, strict=True)}


def geometric_mean(blocks: Sequence[BlockCounts]) -> Sample:
    """Return the geometric mean of the latencies of blocks, in milliseconds."""
    return samples.geometric_mean([histogram(block) for block in blocks])


def goodput(blocks: Sequence[BlockCounts], seconds: float) -> Sample:
    """Return the right answers a second; seconds: of one block."""
    return samples.goodput([block.right for block in blocks], seconds)


def typical(lags_ms: Sequence[float]) -> Sample:
    """Return the median of single lags in milliseconds, each a trial of its own."""
    return Sample(
        len(lags_ms),
        lambda draw: max(median(chain.from_iterable(map(repeat, lags_ms, draw))), LEAST),
    )


def interval(before: Sample, after: Sample, *, seed: str) -> tuple[float, float]:
    """Return the interval that holds the ratio of after over before, widened as for the fewer blocks or trials of the two."""
    draw, few = Random(seed), max(2, min(before.size, after.size))
    ratios = sorted(after.drawn(draw) / before.drawn(draw) for _ in range(RESAMPLES))
    edge = round(tail(few) * (RESAMPLES - 1))
    return ratios[edge], ratios[-1 - edge]
