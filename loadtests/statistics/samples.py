"""A figure that can be drawn again: of some blocks, or of single trials, each of which counts as often as a draw says."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from loadtests.statistics.draws import Draws, Figures, drawn_of, summed
from loadtests.statistics.quantiles import Blocks

LEAST = 0.1  # milliseconds, or answers a second: what nothing counts as, for it divides


@dataclass(frozen=True, slots=True)
class Sample:
    """Something measured `size` times. figures: what each draw gives."""

    size: int
    figures: Callable[[Draws], Figures]

    def whole(self) -> float:
        """Return the figure of all, each once."""
        return float(self.figures(np.ones((1, self.size), dtype=int))[0])

    def each(self) -> list[float]:
        """Return the figure of every one of them alone."""
        return [float(figure) for figure in self.figures(np.eye(self.size, dtype=int))]

    def drawn(self, times: int, draw: np.random.Generator) -> Figures:
        """Return the figures of as many as there are, drawn with replacement, so many times."""
        return self.figures(drawn_of(self.size, times=times, draw=draw))


def latency(known: Blocks, percentiles: Sequence[int]) -> list[Sample]:
    """Return each of these percentiles of the latencies of blocks, in milliseconds."""

    def sample(percentile: int) -> Sample:
        return Sample(len(known), lambda draws: np.maximum(known.percentiles_ms(percentile, draws), LEAST))

    return [sample(each) for each in percentiles]


def geometric_mean(known: Blocks) -> Sample:
    """Return the geometric mean of the latencies of blocks, in milliseconds. The ratio of two sides is then the typical ratio of
    their answers to the same requests (Fleming and Wallace, Communications of the ACM 29, 1986)."""
    return Sample(len(known), lambda draws: np.maximum(known.geometric_means_ms(draws), LEAST))


def goodput(right: Sequence[int], seconds: float) -> Sample:
    """Return the right answers a second, of the right answers of blocks; seconds: of one block."""
    each = np.array(right)
    return Sample(len(right), lambda draws: np.maximum(summed(draws, each) / draws.sum(axis=1) / seconds, LEAST))
