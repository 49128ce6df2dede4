"""By which figures a scenario is judged, how two sides compare by each of them, and who is better."""

from collections.abc import Sequence
from typing import Any

from loadtests.blocks import Measured
from loadtests.generator.latency import decoded
from loadtests.statistics import samples
from loadtests.statistics.resampling import INDIFFERENT, Compared, compared, surest

PERCENTILES = {"p50_ms": 50, "p95_ms": 95, "p99_ms": 99}
GEOMETRIC_MEAN, GOODPUT = "geometric_mean_ms", "goodput"
METRICS = (GEOMETRIC_MEAN, *PERCENTILES, GOODPUT)
BY_CHANCE = 0.05  # how likely a run of two sides that are alike may be to name one of them, anywhere
NOISE, NOT_CARRIED, VOID, TOO_FEW = "within noise", "rate not carried", "void", "too few blocks"
LEAST_PAIRS = 2  # with one there is nothing to draw
FEW = 10  # requests beyond a percentile: with fewer, single requests move it, and its interval says so
Sides = dict[str, list[Measured]]  # two, each with as many blocks, which are pairs in their order


def judged(name: str, sides: Sides, *, seconds: float, comparisons: int) -> dict[str, dict[str, Any]]:
    """Return the metrics of one scenario; none where there are no two pairs. seconds: of a block.

    comparisons: how many the run makes. The more there are, the surer each must be, or one of them is named by chance.
    """
    if len(next(iter(sides.values()))) < LEAST_PAIRS:
        return {}
    blocks = [one.block for found in sides.values() for one in found]
    histograms = [decoded(block.latencies) for block in blocks]
    times = (samples.geometric_mean(histograms), *samples.latency(histograms, list(PERCENTILES.values())))
    answers = samples.goodput([block.right for block in blocks], seconds)
    return {
        metric: _metric(metric, sides, compared(sample, seed=f"{name} {metric}"), comparisons=comparisons)
        for metric, sample in zip(METRICS, (*times, answers), strict=True)
    }


def verdict(metric: str, sides: Sequence[str], found: Compared, *, sure: float) -> str:
    """Return the name of the better side where the whole interval lies beyond what is indifferent and chance alone explains it
    no more often than `sure`; else that the difference is within noise."""
    if found.chance > sure:
        return NOISE
    first, second = sides if metric != GOODPUT else reversed(sides)  # of time the less is better, of answers the more
    if found.low > 1 + INDIFFERENT:
        return first
    return second if found.high < 1 - INDIFFERENT else NOISE


def _metric(metric: str, sides: Sides, found: Compared, *, comparisons: int) -> dict[str, Any]:
    values = dict(zip(sides, (found.first, found.second), strict=True))
    known = {"ratio": found.ratio, "low": found.low, "high": found.high}
    sure, pairs = BY_CHANCE / comparisons, len(next(iter(sides.values())))
    said = verdict(metric, tuple(sides), found, sure=sure) if surest(pairs) <= sure else TOO_FEW
    return {
        **{name: round(value, 2 if metric == GOODPUT else 1) for name, value in values.items()},
        **{name: round(value, 3) for name, value in known.items()},
        "effect": {
            "change_percent": round(100 * (found.ratio - 1), 1),
            "standardised": None if found.standardised is None else round(found.standardised, 2),
        },
        "chance": float(f"{found.chance:.2g}"),
        **({"beyond": _beyond(metric, sides)} if metric in PERCENTILES else {}),
        "verdict": said,
    }


def _beyond(metric: str, sides: Sides) -> int:
    """Return how many requests lie beyond a percentile, on the side that timed fewer."""
    timed = (sum(decoded(one.block.latencies).get_total_count() for one in blocks) for blocks in sides.values())
    return int(min(timed)) * (100 - PERCENTILES[metric]) // 100
