"""Where the level breaks between two rates, and how sure that is: a bootstrap over the probes. Method and source: decision 20."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp, log

from numpy.random import Generator

from loadtests.capacity.slo import Pool, Slo
from loadtests.statistics.resampling import CONFIDENCE, NEGLIGIBLE
from loadtests.statistics.samples import resample_counts, seeded_rng

DRAWS = 1_000
# Beyond them the strain only says held or broken, and must not bend the line between two rates.
LEAST_STRAIN, MOST_STRAIN = 0.02, 50.0


@dataclass(frozen=True, slots=True)
class Knee:
    """The rate at which the level breaks, the interval that holds it, and the draws that both come from."""

    rate: float
    low: float
    high: float
    draws: Sequence[float]


@dataclass(frozen=True, slots=True)
class Ratio:
    """Microservices over monolith, by their knees, and who carries more, if that can be said."""

    value: float
    low: float
    high: float
    verdict: str


def knee(pools: Mapping[float, Pool], slo: Slo, *, bracket: tuple[float, float], unseen: float, seed: str) -> Knee:
    """Return the knee of one side. pools: the probes of each rate. bracket: the rate that held and the one that did not.
    unseen: the overload, as a share, whose queue stays within the limit for as long as a probe lasts.

    The knee lies where the line of the strain through the rates of the pools crosses 1, both scales logarithmic, the strain made
    to rise with the rate. The interval holds 99 % of the knees of draws of the probes, and never less than the bracket, whose
    lower end may have been an overload that was not seen.
    """
    rates = sorted(pools)
    value = _within(_crossing([(rate, slo.strain(pools[rate])) for rate in rates]), bracket)
    drawn = [_strains(pools[rate], slo, seeded_rng(f"{seed} {rate}")) for rate in rates]
    draws = [_crossing(list(zip(rates, strains, strict=True))) for strains in zip(*drawn, strict=True)]
    low, high = _middle(draws)
    return Knee(value, min(low, bracket[0] / (1 + unseen)), max(high, bracket[1]), draws)


def ratio(monolith: Knee, microservices: Knee, *, at_least: tuple[bool, bool]) -> Ratio:
    """Compare two knees. at_least: of which of them it is only known that it is no less; then only the other can carry less."""
    drawn = [other / own for own, other in zip(monolith.draws, microservices.draws, strict=True)]
    low, high = _middle(drawn)
    low, high = min(low, microservices.low / monolith.high), max(high, microservices.high / monolith.low)
    own_more, others_more = at_least
    verdict = "unknown" if any(at_least) else "within noise"
    if high < 1 - NEGLIGIBLE and not others_more:
        verdict = "monolith"
    if low > 1 + NEGLIGIBLE and not own_more:
        verdict = "microservices"
    return Ratio(microservices.rate / monolith.rate, low, high, verdict)


def no_less(rate: float) -> Knee:
    """Return the knee of a side that carried this rate and was not brought to break."""
    return Knee(rate, rate, rate, [rate] * DRAWS)


def _strains(pool: Pool, slo: Slo, draw: Generator) -> list[float]:
    return [slo.strain(pool, counts) for counts in resample_counts(len(pool.blocks), times=DRAWS, rng=draw).tolist()]


def _crossing(strains: Sequence[tuple[float, float]]) -> float:
    """Return the rate at which a rising line through (rate, strain) crosses 1; the last or the first rate where it never does."""
    levels = _rising([log(min(max(strain, LEAST_STRAIN), MOST_STRAIN)) for _, strain in strains])
    if levels[0] >= 0:
        return strains[0][0]
    for (one, below), (other, above) in pairwise(zip((rate for rate, _ in strains), levels, strict=True)):
        if above >= 0:
            return exp(log(one) + (log(other) - log(one)) * -below / (above - below))
    return strains[-1][0]


def _rising(values: Sequence[float]) -> list[float]:
    """Return the nearest values that never fall: neighbours that do are both given their mean (pool adjacent violators)."""
    blocks: list[tuple[float, int]] = []
    for value in values:
        blocks.append((value, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (one, size), (other, more) = blocks[-2:]
            blocks[-2:] = [((one * size + other * more) / (size + more), size + more)]
    return [value for value, size in blocks for _ in range(size)]


def _within(value: float, bracket: tuple[float, float]) -> float:
    return min(max(value, bracket[0]), bracket[1])


def _middle(draws: Sequence[float]) -> tuple[float, float]:
    ordered, edge = sorted(draws), round(len(draws) * (1 - CONFIDENCE) / 2)
    return ordered[edge], ordered[-1 - edge]
