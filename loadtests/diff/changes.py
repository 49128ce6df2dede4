"""The changes from one run to another: of times, with intervals; and of counts, which are comparable across machines."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import inf
from typing import Any, NamedTuple

import numpy as np

from loadtests.histograms import decode, enough_beyond, histogram_of
from loadtests.report.comparison import FLOORS
from loadtests.report.figures import CARRIED
from loadtests.report.tables import words
from loadtests.results import SIDES
from loadtests.statistics.resampling import NEGLIGIBLE, tail_share
from loadtests.statistics.samples import BlockHistograms, Sample, goodput, seeded_rng

PERCENTILES = (50, 95, 99)
GOODPUT, FLOOR = "goodput", "floor: "
REGRESSION, WORSE, BETTER, NOISE, SAME = "regression", "worse", "better", "within noise", "the same"
RESAMPLES = 1_000
Figures = Mapping[str, Any]


class Run(NamedTuple):
    """The contents of a run's report.json and series.json."""

    report: Figures
    series: Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One time, rate or count in both runs. low, high: interval of the ratio; 0 for a count."""

    what: str
    side: str
    metric: str
    before: float
    after: float
    verdict: str
    low: float = 0.0
    high: float = 0.0

    @property
    def ratio(self) -> float:
        """After over before."""
        return self.after / self.before

    @property
    def moved_floor(self) -> bool:
        """Whether the machine got faster or slower: a floor is none of our code."""
        return self.what.startswith(FLOOR) and self.verdict != NOISE


class Count(NamedTuple):
    """A count. per: what it grows with, such as offered requests. allowed: growth for each of them that is no regression yet."""

    value: int
    per: float = 1
    allowed: float = 0


def changes(before: Run, after: Run, threshold: float) -> Iterator[Change]:
    """Yield the change of every time and rate that both runs measured.

    threshold: the share beyond which a change for the worse is a regression. Percentiles of too few values are left out.
    """
    later = _samples(after)
    for (what, side, metric), first in _samples(before).items():
        if second := later.get((what, side, metric)):
            low, high = interval(first, second, seed=f"{what} {side} {metric}")
            worse = (1 / high, 1 / low) if metric == GOODPUT else (low, high)
            verdict = _verdict(*worse, inf if what.startswith(FLOOR) else threshold)
            yield Change(
                what=what, side=side, metric=metric, before=first.whole(), after=second.whole(), low=low, high=high,
                verdict=verdict,
            )  # fmt: skip


def counts(before: Figures, after: Figures) -> Iterator[Change]:
    """Yield the change of every count that both reports have."""
    later = dict(_counts(after))
    for (what, side), one in _counts(before):
        if other := later.get((what, side)):
            growth = round(other.value - one.value * other.per / one.per)
            limit = other.allowed * other.per
            verdict = (BETTER if growth else SAME) if growth <= 0 else WORSE if growth <= limit else REGRESSION
            yield Change(what=what, side=side, metric="count", before=one.value, after=other.value, verdict=verdict)


def interval(before: Sample, after: Sample, *, seed: str) -> tuple[float, float]:
    """Return the interval of the ratio of after over before, as wide as the smaller of the two samples needs it."""
    rng, size = seeded_rng(seed), max(2, min(before.size, after.size))
    ratios = np.sort(after.resampled(RESAMPLES, rng) / before.resampled(RESAMPLES, rng)).tolist()
    edge = round(tail_share(size) * (RESAMPLES - 1))
    return ratios[edge], ratios[-1 - edge]


def lag_median(lags_ms: list[float]) -> Sample:
    """Return the median of single lags in milliseconds, each a trial of its own; of two in the middle, the lower."""
    return BlockHistograms([histogram_of([lag]) for lag in lags_ms]).percentile(50)


def _samples(run: Run) -> dict[tuple[str, str, str], Sample]:
    """Return the sample of each figure of a run by what, side and metric."""
    samples: dict[tuple[str, str, str], Sample] = {}
    for (name, sides), side in product(run.series["scenarios"].items(), SIDES):
        blocks = sides[side]["blocks"]
        latencies = _histograms(blocks)
        samples[name, side, "geo mean"] = latencies.geometric_mean()
        for percentile in (each for each in PERCENTILES if enough_beyond(each, latencies.total)):
            samples[name, side, f"p{percentile}"] = latencies.percentile(percentile)
        succeeded = [block["succeeded"] for block in blocks]
        samples[name, side, GOODPUT] = goodput(succeeded, run.report["settings"]["block_s"])
    for side, kinds in run.series["freshness"].items():
        enough = {kind: lags for kind, lags in kinds.items() if enough_beyond(50, len(lags))}
        samples |= {(words(kind), side, "p50"): lag_median(lags) for kind, lags in enough.items()}
    for side, floors in run.series["floors"].items():
        for name, blocks in floors.items():
            if enough_beyond(50, (latencies := _histograms(blocks)).total):
                samples[FLOOR + FLOORS[name], side, "p50"] = latencies.percentile(50)
    return samples


def _histograms(blocks: Sequence[Figures]) -> BlockHistograms:
    return BlockHistograms([decode(block["latencies"]) for block in blocks])


def _counts(report: Figures) -> Iterator[tuple[tuple[str, str], Count]]:
    """Yield each count with name and side. Refusals, drops and stale reads never regress; errors may grow while the rate holds."""
    yield ("failed parity checks", "both"), Count(report["parity"]["failed"])
    for side, (name, scenario) in product(SIDES, report["scenarios"].items()):
        one = scenario[side]
        offered = max(1.0, one["offered_rate"] * one["seconds"])
        for kind, allowed in (("errors", 1 - CARRIED), ("refusals", inf), ("dropped", inf)):
            yield (f"{name}: {kind}", side), Count(one[kind], offered, allowed)
    for (kind, lags), side in product(report["freshness"].items(), SIDES):
        if lag := lags.get(side):
            yield (f"{words(kind)}: stale", side), Count(lag["stale_first_reads"], max(1, lag["trials"]), inf)
            yield (f"{words(kind)}: never", side), Count(lag["never"])
    for kind, effects in report["after_the_load"].items():
        yield from (((words(kind), side), Count(effects[side])) for side in SIDES if side in effects)


def _verdict(low: float, high: float, threshold: float) -> str:
    """Return the verdict of an interval in which a ratio above 1 is worse."""
    negligible = min(NEGLIGIBLE, threshold)
    if low > 1 + threshold:
        return REGRESSION
    if low > 1 + negligible:
        return WORSE
    return BETTER if high < 1 - negligible else NOISE
