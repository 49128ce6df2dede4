"""Compare two sides by pairs of blocks: a bootstrap interval and an exact permutation test.

Requests of one block share its conditions and blocks do not, so whole blocks are resampled. Both blocks of a pair run the same
journeys one after the other, so pairs stay together: what a pair's journeys cost both sides cancels in their ratio.
"""

from dataclasses import dataclass
from functools import cache
from math import sqrt
from statistics import NormalDist

import numpy as np

from loadtests.statistics.samples import Counts, Sample, Values, resample_counts, seeded_rng

RESAMPLES = 2_000
CONFIDENCE = 0.99
NEGLIGIBLE = 0.05  # a smaller difference decides nothing, however certain it is
ROUNDING = 1e-9  # two log ratios that differ by less are equal: they were summed in another order


@dataclass(frozen=True, slots=True)
class PairedComparison:
    """One figure of two sides with the interval of its ratio.

    p_value: how often sides swapped at random within the pairs differ at least as much.
    """

    first: float
    second: float
    low: float
    high: float
    p_value: float

    @property
    def ratio(self) -> float:
        """The second side over the first."""
        return self.second / self.first


def compare_pairs(sample: Sample, *, seed: str) -> PairedComparison:
    """Compare two sides of at least two pairs. sample: the blocks of the first side, then those of the second in the same order."""
    pairs = sample.size // 2
    first, second = (float(value) for value in sample.values(np.repeat(np.eye(2, dtype=int), pairs, axis=1)))
    counts = resample_counts(pairs, times=RESAMPLES, rng=seeded_rng(seed))
    ratios = np.sort(_ratios(sample, np.hstack([0 * counts, counts]), np.hstack([counts, 0 * counts]))).tolist()
    edge = round(tail_share(pairs) * (RESAMPLES - 1))
    return PairedComparison(
        first=first,
        second=second,
        low=min(ratios[edge], second / first),
        high=max(ratios[-1 - edge], second / first),
        p_value=_p_value(sample, pairs),
    )


def smallest_p_value(pairs: int) -> float:
    """Return the p-value of pairs that all differ in the same direction."""
    return float(0.5 ** (pairs - 1))


def tail_share(blocks: int) -> float:
    """Return the share of resamples beyond each end of the interval. The bootstrap of few blocks is too narrow; Student's t widens
    it as it does the interval of a mean (Hesterberg, The American Statistician 69, 2015: expanded percentiles)."""
    return NormalDist().cdf(-t_quantile(CONFIDENCE, blocks - 1) * sqrt(blocks / (blocks - 1)))


@cache
def t_quantile(confidence: float, freedom: int) -> float:
    """Return the two-sided quantile of Student's t, such as 3.106 for 0.99 and 11 degrees of freedom.

    The tangent of an angle whose density is cos(angle) ** (freedom - 1) has this distribution, times the root of freedom.
    """
    edges = np.linspace(0, np.pi / 2, 100_001)
    shares = np.cumsum(np.cos((edges[1:] + edges[:-1]) / 2) ** (freedom - 1))
    return float(sqrt(freedom) * np.tan(np.interp(confidence, shares / shares[-1], edges[1:])))


def _ratios(sample: Sample, over: Counts, under: Counts) -> Values:
    return sample.values(over) / sample.values(under)


def _p_value(sample: Sample, pairs: int) -> float:
    """Return the share of swaps within pairs that make the sides differ at least as much: an exact test, whatever the
    distribution (Fisher, The Design of Experiments, 1935). There are 2,048 swaps of twelve pairs, which is what a run has."""
    # The binary digits of each number say which pairs swap. Swapping all changes only the sign, so the last one never does.
    swaps = np.arange(2 ** (pairs - 1))[:, np.newaxis] >> np.arange(pairs) & 1
    differences = np.abs(np.log(_ratios(sample, np.hstack([swaps, 1 - swaps]), np.hstack([1 - swaps, swaps]))))
    return float((differences >= differences[0] - ROUNDING).mean())
