"""A figure that can be drawn again: of some blocks, or of single trials, each of which counts as often as a draw says."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from hdrh.histogram import HdrHistogram

from loadtests.statistics.quantiles import Blocks

LEAST = 0.1  # milliseconds, or answers a second: what nothing counts as, for it divides


@dataclass(frozen=True, slots=True)
class Sample:
    """Something measured `size` times. figure: what a draw gives, which says how often each of them counts."""

    size: int
    figure: Callable[[Sequence[int]], float]

    def whole(self) -> float:
        """Return the figure of all, each once."""
        return self.figure([1] * self.size)

    def each(self) -> list[float]:
        """Return the figure of every one of them alone."""
        return [self.figure([int(place == one) for place in range(self.size)]) for one in range(self.size)]

    def drawn(self, draw: Random) -> float:
        """Return the figure of as many as there are, drawn with replacement."""
        return self.figure(drawn_of(self.size, draw))


def drawn_of(size: int, draw: Random) -> list[int]:
    """Draw as many of `size` things as there are, with replacement; return how often each was drawn."""
    counts = [0] * size
    for place in draw.choices(range(size), k=size):
        counts[place] += 1
    return counts


def latency(histograms: Sequence[HdrHistogram], percentiles: Sequence[int]) -> list[Sample]:
    """Return each of these percentiles of the latencies of blocks, in milliseconds."""
    known = Blocks(histograms)

    def sample(percentile: int) -> Sample:
        return Sample(len(known), lambda draw: max(known.percentile_ms(percentile, draw), LEAST))

    return [sample(each) for each in percentiles]


def geometric_mean(histograms: Sequence[HdrHistogram]) -> Sample:
    """Return the geometric mean of the latencies of blocks, in milliseconds. The ratio of two sides is then the typical ratio of
    their answers to the same requests (Fleming and Wallace, Communications of the ACM 29, 1986)."""
    known = Blocks(histograms)
    return Sample(len(known), lambda draw: max(known.geometric_mean_ms(draw), LEAST))


def goodput(right: Sequence[int], seconds: float) -> Sample:
    """Return the right answers a second, of the right answers of blocks; seconds: of one block."""
    return Sample(
        len(right),
        lambda draw: max(sum(times * each for times, each in zip(draw, right, strict=True)) / sum(draw) / seconds, LEAST),
    )  # fmt: skip
