"""The changes from one run to another: of times, with intervals; and of counts, which are comparable across machines."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import inf

import numpy as np

from loadtests.diff.runs import Block, Report, Run, histograms
from loadtests.report.comparison import FLOORS
from loadtests.report.figures import CARRIED
from loadtests.report.tables import effect_label, lag_label
from loadtests.results import LAG_KINDS, SIDES
from loadtests.statistics.resampling import NEGLIGIBLE, tail_share
from loadtests.statistics.samples import SMALLEST, Counts, Sample, Values, goodput, seeded_rng

PERCENTILES = (50, 95, 99)
GOODPUT, FLOOR = "goodput", "floor: "
REGRESSION, WORSE, BETTER, NOISE, TOO_FEW, SAME = (
    "regression", "worse", "better", "within noise", "too few", "the same",
)  # fmt: skip
MIN_TRIALS = 8  # of a lag: a bootstrap of fewer is too narrow for a verdict
RESAMPLES = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One time, rate or count in both runs. low, high: interval of the ratio; 0 for a count. floor: none of our code."""

    what: str
    side: str
    metric: str
    before: float
    after: float
    verdict: str
    low: float = 0.0
    high: float = 0.0
    floor: bool = False

    @property
    def ratio(self) -> float:
        """After over before."""
        return self.after / self.before

    @property
    def moved_floor(self) -> bool:
        """Whether the machine got faster or slower."""
        return self.floor and self.verdict != NOISE


def changes(before: Run, after: Run, threshold: float) -> Iterator[Change]:
    """Yield the change of every time and rate that both runs measured. Raise InvalidReport if a histogram is malformed.

    threshold: the share beyond which a change for the worse is a regression. Lags of few trials get no verdict.
    """
    for what, side, metric, first, second in _samples(before, after):
        floor = what.startswith(FLOOR)
        low, high = interval(first, second, seed=f"{what} {side} {metric}")
        verdict = _verdict(*((1 / high, 1 / low) if metric == GOODPUT else (low, high)), threshold, floor=floor)
        judged = "→" not in what or min(first.size, second.size) >= MIN_TRIALS
        yield Change(
            what=what, side=side, metric=metric, before=first.whole(), after=second.whole(), low=low, high=high, floor=floor,
            verdict=verdict if judged else TOO_FEW,
        )  # fmt: skip


def counts(before: Report, after: Report) -> Iterator[Change]:
    """Yield the change of every count that both reports have."""
    yield _count("failed parity checks", "both", before.parity.failed, after.parity.failed)
    for side in SIDES:
        for name in (name for name in before.scenarios if name in after.scenarios):
            yield from _outcomes(name, side, before, after)
        for kind in LAG_KINDS:
            label = lag_label(kind)
            first, second = (report.freshness.get(kind, {}).get(side) for report in (before, after))
            if first and second:
                load = second.trials / (first.trials or 1)
                stale = (first.stale_first_reads, second.stale_first_reads)
                yield _count(f"{label}: stale", side, *stale, load=load, allowed=inf)
                yield _count(f"{label}: never", side, first.never, second.never)
        for kind in before.after_the_load:
            one, other = (report.after_the_load.get(kind, {}).get(side) for report in (before, after))
            if isinstance(one, int) and isinstance(other, int):
                yield _count(effect_label(kind), side, one, other)


def lag_median(lags_ms: Sequence[float]) -> Sample:
    """Return the median of single lags in milliseconds, each a trial of its own."""
    lags, order = np.sort(lags_ms), np.argsort(lags_ms)
    return Sample(len(lags), lambda counts: np.maximum(_medians(lags, counts[:, order]), SMALLEST))


def interval(before: Sample, after: Sample, *, seed: str) -> tuple[float, float]:
    """Return the interval of the ratio of after over before, as wide as the smaller of the two samples needs it."""
    rng, size = seeded_rng(seed), max(2, min(before.size, after.size))
    ratios = np.sort(after.resampled(RESAMPLES, rng) / before.resampled(RESAMPLES, rng)).tolist()
    edge = round(tail_share(size) * (RESAMPLES - 1))
    return ratios[edge], ratios[-1 - edge]


def _samples(before: Run, after: Run) -> Iterator[tuple[str, str, str, Sample, Sample]]:
    """Yield what, side and metric of each figure, with its sample in both runs."""
    runs = (before, after)
    for side, name in product(SIDES, before.report.scenarios):
        blocks = [run.blocks(name, side) for run in runs]
        if all(blocks):
            first, second = map(histograms, blocks)
            yield name, side, "geo mean", first.geometric_mean(), second.geometric_mean()
            for percentile in PERCENTILES:
                yield name, side, f"p{percentile}", first.percentile(percentile), second.percentile(percentile)
            yield name, side, GOODPUT, _rate(before, blocks[0]), _rate(after, blocks[1])
    for side, kind in product(SIDES, LAG_KINDS):
        lags = [run.series.freshness.get(side, {}).get(kind, []) for run in runs]
        if all(lags):
            yield lag_label(kind), side, "p50", lag_median(lags[0]), lag_median(lags[1])
    for side, (name, label) in product(SIDES, FLOORS.items()):
        floors = [run.series.floors.get(side, {}).get(name, []) for run in runs]
        if all(floors):
            first, second = map(histograms, floors)
            yield FLOOR + label, side, "p50", first.percentile(50), second.percentile(50)


def _rate(run: Run, blocks: list[Block]) -> Sample:
    return goodput([block.succeeded for block in blocks], run.report.block_s)


def _verdict(low: float, high: float, threshold: float, *, floor: bool) -> str:
    """Return the verdict of an interval in which a ratio above 1 is worse. A floor never regresses."""
    negligible = min(NEGLIGIBLE, threshold)
    if low > 1 + threshold and not floor:
        return REGRESSION
    if low > 1 + negligible:
        return WORSE
    return BETTER if high < 1 - negligible else NOISE


def _count(what: str, side: str, before: int, after: int, *, allowed: float = 0, load: float = 1.0) -> Change:
    """Return the change of a count. allowed: the growth that is not yet a regression. load: of the second run over the first;
    the count is expected to grow with it."""
    growth = round(after - before * load)
    verdict = (BETTER if growth else SAME) if growth <= 0 else WORSE if growth <= allowed else REGRESSION
    return Change(what=what, side=side, metric="count", before=before, after=after, verdict=verdict)


def _outcomes(name: str, side: str, before: Report, after: Report) -> Iterator[Change]:
    """Yield errors, which may grow as long as the side carries its rate, and refusals and drops, which never regress."""
    one, other = (getattr(report.scenarios[name], side) for report in (before, after))
    offered = after.offered(other)
    load = offered / (before.offered(one) or 1)
    yield _count(f"{name}: errors", side, one.errors, other.errors, allowed=(1 - CARRIED) * offered, load=load)
    yield _count(f"{name}: refused", side, one.refusals, other.refusals, allowed=inf, load=load)
    yield _count(f"{name}: dropped", side, one.dropped, other.dropped, allowed=inf, load=load)


def _medians(lags: Values, counts: Counts) -> Values:
    """Return the median of each resample of lags in rising order: the middle one, or the mean of the middle two."""
    cumulative = np.cumsum(counts, axis=1)
    last = cumulative[:, -1:] - 1
    medians: Values = np.mean([lags[(cumulative <= rank).sum(axis=1)] for rank in (last // 2, (last + 1) // 2)], axis=0)
    return medians
