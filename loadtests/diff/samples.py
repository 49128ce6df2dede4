"""A figure of a run that can be drawn again: from its blocks, or from its single trials."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from random import Random
from statistics import median

from loadtests.diff.runs import BlockCounts, histogram
from loadtests.quantiles import Blocks
from loadtests.resampling import INTERVAL, RESAMPLES, drawn_of

LEAST = 0.1  # milliseconds, or answers a second: what nothing counts as, for it divides


@dataclass(frozen=True, slots=True)
class Sample:
    """Something measured `size` times. figure: what a draw gives, which says how often each of them counts."""

    size: int
    figure: Callable[[Sequence[int]], float]

    def whole(self) -> float:
        """Return the figure of all, each once."""
        return self.figure([1] * self.size)

    def drawn(self, draw: Random) -> float:
        """Return the figure of as many as there are, drawn with replacement."""
        return self.figure(drawn_of(self.size, draw))


def latency(blocks: Sequence[BlockCounts], percentiles: Sequence[int]) -> dict[str, Sample]:
    """Return these percentiles of the latencies of blocks, in milliseconds, by name."""
    known = Blocks([histogram(block) for block in blocks])

    def sample(percentile: int) -> Sample:
        return Sample(len(known), lambda draw: max(known.percentile_ms(percentile, draw), LEAST))

    return {f"p{each}": sample(each) for each in percentiles}


def goodput(blocks: Sequence[BlockCounts], seconds: float) -> Sample:
    """Return the right answers a second; seconds: of one block."""
    right = [block.right for block in blocks]
    return Sample(
        len(right),
        lambda draw: max(sum(times * each for times, each in zip(draw, right, strict=True)) / sum(draw) / seconds, LEAST),
    )  # fmt: skip


def typical(lags_ms: Sequence[float]) -> Sample:
    """Return the median of single lags in milliseconds, each a trial of its own."""
    return Sample(
        len(lags_ms),
        lambda draw: max(median(chain.from_iterable(map(repeat, lags_ms, draw))), LEAST),
    )


def interval(before: Sample, after: Sample, *, seed: str) -> tuple[float, float]:
    """Return the interval that holds the ratio of after over before."""
    draw = Random(seed)
    ratios = sorted(after.drawn(draw) / before.drawn(draw) for _ in range(RESAMPLES))
    edge = round(RESAMPLES * (1 - INTERVAL) / 2)
    return ratios[edge], ratios[-1 - edge]
