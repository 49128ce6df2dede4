"""How sure a ratio is: a bootstrap over blocks, because requests of one block share its luck and blocks do not."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from hdrh.histogram import HdrHistogram

from loadtests.quantiles import Blocks

RESAMPLES = 1_000
INTERVAL = 0.99  # few blocks make a bootstrap too sure of itself; the wide interval pays for that
INDIFFERENT = 0.05  # a difference of less than a twentieth decides nothing, however sure it is


@dataclass(frozen=True, slots=True)
class Ratio:
    """Microservices over monolith, with the interval that holds it, and who is faster, if that can be said."""

    value: float
    low: float
    high: float
    verdict: str


def ratio_of_p95(monolith: Sequence[HdrHistogram], microservices: Sequence[HdrHistogram], *, seed: str) -> Ratio:
    """Compare the 95th percentiles of two sides, each given as one histogram a block."""
    draw = Random(seed)
    own, others = Blocks(monolith), Blocks(microservices)
    drawn = sorted(
        _p95(others, drawn_of(len(others), draw)) / _p95(own, drawn_of(len(own), draw)) for _ in range(RESAMPLES)
    )
    edge = round(RESAMPLES * (1 - INTERVAL) / 2)
    low, high = drawn[edge], drawn[-1 - edge]
    value = _p95(others, [1] * len(others)) / _p95(own, [1] * len(own))
    return Ratio(value, low, high, _verdict(low, high))


def drawn_of(size: int, draw: Random) -> list[int]:
    """Draw as many of `size` things as there are, with replacement; return how often each was drawn."""
    counts = [0] * size
    for place in draw.choices(range(size), k=size):
        counts[place] += 1
    return counts


def _p95(blocks: Blocks, draw: Sequence[int]) -> float:
    return max(blocks.percentile_ms(95, draw), 0.1)  # 0.1 ms is the resolution; an empty side divides nothing


def _verdict(low: float, high: float) -> str:
    if low > 1 + INDIFFERENT:
        return "monolith"
    if high < 1 - INDIFFERENT:
        return "microservices"
    return "within noise"
