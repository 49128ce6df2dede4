"""How sure a difference of two sides is: drawn again, and exchanged, by pairs of blocks.

Requests of one block share its luck and blocks do not, so whole blocks are drawn. Both blocks of a pair walk the same journeys
next to each other in time, so they are drawn together: what a pair's journeys cost both sides drops out of their ratio.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist, median

import numpy as np

from loadtests.statistics import student
from loadtests.statistics.draws import Draws, Figures, drawn_of, seeded
from loadtests.statistics.samples import Sample

RESAMPLES = 2_000
EXCHANGES = 2_048  # all of twelve pairs, each with its opposite; of more pairs as many are drawn
INTERVAL = 0.99
INDIFFERENT = 0.05  # a difference of less than a twentieth decides nothing, however sure it is
TO_SPREAD = 1.4826  # from the median distance from the median to the standard deviation, of what is normal
ALIKE = 1e-9  # a ratio that differs from another by less is the same one, added up in another order


@dataclass(frozen=True, slots=True)
class Compared:
    """One figure of two sides, with the interval that holds the ratio.

    chance: how likely it is that blocks which are alike fall as unequally on two sides. standardised: the difference of the
    medians of the blocks in units of the blocks' spread; None where they do not vary at all and still differ.
    """

    first: float
    second: float
    low: float
    high: float
    chance: float
    standardised: float | None

    @property
    def ratio(self) -> float:
        """What it is on the second side, on the first it being 1."""
        return self.second / self.first


def compared(sample: Sample, *, seed: str) -> Compared:
    """Compare two sides, given as one sample: the blocks of the first, then as many of the second, pairs in their order.
    There are two pairs at least."""
    pairs, draw = sample.size // 2, seeded(seed)
    first, second = (float(figure) for figure in sample.figures(_sides(pairs)))
    drawn = np.sort(_drawn(sample, drawn_of(pairs, times=RESAMPLES, draw=draw))).tolist()
    edge = round(tail(pairs) * (RESAMPLES - 1))
    each = sample.each()
    return Compared(
        first=first,
        second=second,
        low=min(drawn[edge], second / first),
        high=max(drawn[-1 - edge], second / first),
        chance=_chance(sample, pairs, draw),
        standardised=standardised(each[:pairs], each[pairs:]),
    )


def surest(pairs: int) -> float:
    """Return the smallest chance that so many pairs can show: that of all differing the same way."""
    return max(0.5 ** (pairs - 1), 1 / (EXCHANGES + 1))


def standardised(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Return Cohen's d of two sides' blocks, with medians for means and median distances from them for standard deviations:
    one block that the machine held up moves neither. The spread is that of both sides, their variances averaged."""
    difference = median(second) - median(first)
    spread = sqrt((_spread(first) ** 2 + _spread(second) ** 2) / 2)
    if not difference:
        return 0.0
    return difference / spread if spread else None


def tail(blocks: int) -> float:
    """Return the share of draws beyond each end of the interval, of so many blocks or pairs of them. Few make a
    bootstrap too sure of itself; Student's t widens it as it does the interval of a mean (Hesterberg, The American Statistician 69,
    2015: expanded percentiles)."""
    reach = student.reach(INTERVAL, blocks - 1) * sqrt(blocks / (blocks - 1))
    return NormalDist().cdf(-reach)


def _drawn(sample: Sample, draws: Draws) -> Figures:
    """Return the ratio of the sides for each draw of pairs."""
    none = np.zeros_like(draws)
    return sample.figures(np.hstack([none, draws])) / sample.figures(np.hstack([draws, none]))


def _chance(sample: Sample, pairs: int, draw: np.random.Generator) -> float:
    """Return the share of exchanges of sides within pairs that make them differ as much or more: an exact test, whatever
    the blocks' luck looks like (Fisher, The Design of Experiments, 1935)."""
    differ = np.abs(np.log(_exchanged(sample, _swaps(pairs, draw))))
    return float((differ >= differ[0] - ALIKE).mean())


def _exchanged(sample: Sample, swaps: Draws) -> Figures:
    """Return the ratio of the sides for each row of swaps, which says of each pair whether its blocks change sides."""
    first = np.hstack([1 - swaps, swaps])
    return sample.figures(1 - first) / sample.figures(first)


def _swaps(pairs: int, draw: np.random.Generator) -> Draws:
    """Return exchanges, the first of none. Exchanging all pairs changes nothing but the sign, so where all exchanges are
    returned, one pair stays as it is."""
    every = 2 ** (pairs - 1)
    if every <= EXCHANGES:
        return np.arange(every)[:, np.newaxis] >> np.arange(pairs) & 1  # the digits of each number
    drawn = draw.integers(0, 2, size=(1 + EXCHANGES, pairs))
    drawn[0] = 0
    return drawn


def _sides(pairs: int) -> Draws:
    """Return all blocks of the first side, and all of the second."""
    return np.repeat(np.eye(2, dtype=int), pairs, axis=1)


def _spread(values: Sequence[float]) -> float:
    middle = median(values)
    return TO_SPREAD * median(abs(value - middle) for value in values)
