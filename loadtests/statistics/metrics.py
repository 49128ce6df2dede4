"""By which figures a scenario is judged, how two sides compare by each of them, and who is better."""

from collections.abc import Sequence
from typing import Any

from loadtests.blocks import SideBlock
from loadtests.generator.latency import decoded
from loadtests.statistics import samples
from loadtests.statistics.quantiles import Blocks
from loadtests.statistics.resampling import INDIFFERENT, Compared, compared, surest

PERCENTILES = {"p50_ms": 50, "p95_ms": 95, "p99_ms": 99}
GEOMETRIC_MEAN, GOODPUT = "geometric_mean_ms", "goodput"
METRICS = (GEOMETRIC_MEAN, *PERCENTILES, GOODPUT)
BY_CHANCE = 0.05  # how likely a run of two sides that are alike may be to name one of them, anywhere
OF_THE_FIRST = 0.5  # of that, the part that the geometric means have: the surest of the metrics, and judged first
NOISE, NOT_CARRIED, VOID, TOO_FEW = "within noise", "rate not carried", "void", "too few blocks"
LEAST_PAIRS = 2  # with one there is nothing to draw
FEW = 10  # requests beyond a percentile: with fewer, single requests move it, and its interval says so
Sides = dict[str, list[SideBlock]]  # two, each with as many blocks, which are pairs in their order


def judged(name: str, sides: Sides, *, seconds: float, scenarios: int) -> dict[str, dict[str, Any]]:
    """Return the metrics of one scenario; none where there are no two pairs. seconds: of a block. scenarios: of the run."""
    if len(next(iter(sides.values()))) < LEAST_PAIRS:
        return {}
    blocks = [one.block for found in sides.values() for one in found]
    known = Blocks([decoded(block.latencies) for block in blocks])
    times = (samples.geometric_mean(known), *samples.latency(known, list(PERCENTILES.values())))
    answers = samples.goodput([block.succeeded for block in blocks], seconds)
    return {
        metric: _metric(metric, sides, compared(sample, seed=f"{name} {metric}"), sure=enough(metric, scenarios))
        for metric, sample in zip(METRICS, (*times, answers), strict=True)
    }


def enough(metric: str, scenarios: int) -> float:
    """Return the chance that is small enough for a verdict. The more comparisons a run makes, the smaller, or one of them names a
    side by chance: each kind of metric has its part of BY_CHANCE, and that is divided among all of the kind (weighted Bonferroni;
    Rosenthal and Rubin, Statistics in Medicine 2, 1983)."""
    if metric == GEOMETRIC_MEAN:
        return BY_CHANCE * OF_THE_FIRST / scenarios
    return BY_CHANCE * (1 - OF_THE_FIRST) / (scenarios * (len(METRICS) - 1))


def verdict(metric: str, sides: Sequence[str], found: Compared, *, sure: float) -> str:
    """Return the name of the better side where there surely is a difference, and one that matters: the interval leaves 1 out,
    chance alone explains it no more often than `sure`, and it is over 5 %. Else it is within noise."""
    matters = abs(found.ratio - 1) > INDIFFERENT
    if found.chance > sure or found.low <= 1 <= found.high or not matters:
        return NOISE
    first, second = sides if metric != GOODPUT else reversed(sides)  # of time the less is better, of answers the more
    return first if found.ratio > 1 else second


def _metric(metric: str, sides: Sides, found: Compared, *, sure: float) -> dict[str, Any]:
    values = dict(zip(sides, (found.first, found.second), strict=True))
    known = {"ratio": found.ratio, "low": found.low, "high": found.high}
    pairs = len(next(iter(sides.values())))
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
