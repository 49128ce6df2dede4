"""The changes from one run to another: of times, with intervals; and of counts, which are comparable across machines."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from loadtests.diff.runs import Block, Report, Run, histograms
from loadtests.report.comparison import EFFECTS, FLOORS, FRESHNESS
from loadtests.report.figures import CARRIED
from loadtests.results import SIDES
from loadtests.statistics.resampling import NEGLIGIBLE, tail_share
from loadtests.statistics.samples import SMALLEST, Counts, Sample, Values, goodput, seeded_rng

PERCENTILES = (50, 95, 99)
GOODPUT = "goodput"
REGRESSION, WORSE, BETTER, NOISE, TOO_FEW, SAME = (
    "regression", "worse", "better", "within noise", "too few", "the same",
)  # fmt: skip
MIN_TRIALS = 8  # of a lag: a bootstrap of fewer is too narrow for a verdict
RESAMPLES = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One measured figure in both runs. low, high: of the ratio of after over before. floor: not our code, so never a regression.

    judged: False if there are too few trials for a verdict.
    """

    what: str
    side: str
    metric: str
    before: float
    after: float
    low: float
    high: float
    judged: bool = True
    floor: bool = False

    @property
    def ratio(self) -> float:
        """After over before."""
        return self.after / self.before

    def verdict(self, threshold: float) -> str:
        """Return the verdict. threshold: the share beyond which a change for the worse is a regression."""
        if not self.judged:
            return TOO_FEW
        negligible = min(NEGLIGIBLE, threshold)
        low, high = (1 / self.high, 1 / self.low) if self.metric == GOODPUT else (self.low, self.high)
        if low > 1 + threshold and not self.floor:
            return REGRESSION
        if low > 1 + negligible:
            return WORSE
        return BETTER if high < 1 - negligible else NOISE


@dataclass(frozen=True, slots=True, kw_only=True)
class CountChange:
    """One count in both runs. allowed: the growth that is not yet a regression; None if growth is only shown.

    load: offered requests or trials of the second run over those of the first; the count is expected to grow with it.
    """

    what: str
    side: str
    before: int
    after: int
    allowed: float | None = 0
    load: float = 1.0

    @property
    def verdict(self) -> str:
        """Return the verdict."""
        growth = round(self.after - self.before * self.load)
        if growth <= 0:
            return BETTER if growth else SAME
        return WORSE if self.allowed is None or growth <= self.allowed else REGRESSION


def changes(before: Run, after: Run) -> Iterator[Change]:
    """Yield the change of every time and rate that both runs measured. Raise InvalidReport if a histogram is malformed."""
    for side in SIDES:
        for name in before.report.scenarios:
            first, second = before.blocks(name, side), after.blocks(name, side)
            if first and second:
                yield from _latencies(name, side, first, second)
                rates = (
                    goodput([block.succeeded for block in blocks], run.report.block_s)
                    for run, blocks in ((before, first), (after, second))
                )
                yield _change(name, side, GOODPUT, *rates)
        for kind, label in FRESHNESS.items():
            lags = [run.series.freshness.get(side, {}).get(kind, []) for run in (before, after)]
            if all(lags):
                change = _change(label, side, "p50", *map(lag_median, lags))
                yield replace(change, judged=min(map(len, lags)) >= MIN_TRIALS)
        for name, label in FLOORS.items():
            floors = [run.series.floors.get(side, {}).get(name, []) for run in (before, after)]
            if all(floors):
                medians = (histograms(blocks).percentile(50) for blocks in floors)
                yield replace(_change(f"floor: {label}", side, "p50", *medians), floor=True)


def counts(before: Report, after: Report) -> Iterator[CountChange]:
    """Yield the change of every count that both reports have."""
    yield CountChange(what="failed parity checks", side="both", before=before.parity.failed, after=after.parity.failed)
    for side in SIDES:
        for name in (name for name in before.scenarios if name in after.scenarios):
            yield from _outcomes(name, side, before, after)
        for kind, label in FRESHNESS.items():
            lags = [report.freshness.get(kind, {}).get(side) for report in (before, after)]
            if lags[0] and lags[1]:
                stale, load = [lag.stale_first_reads for lag in lags if lag], lags[1].trials / (lags[0].trials or 1)
                yield CountChange(
                    what=f"{label}: stale", side=side, before=stale[0], after=stale[1], allowed=None, load=load
                )
                yield CountChange(what=f"{label}: never", side=side, before=lags[0].never, after=lags[1].never)
        for kind, label in EFFECTS.items():
            first, second = (report.after_the_load.get(kind, {}).get(side) for report in (before, after))
            if isinstance(first, int) and isinstance(second, int):
                yield CountChange(what=label, side=side, before=first, after=second)


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


def _latencies(name: str, side: str, before: list[Block], after: list[Block]) -> Iterator[Change]:
    first, second = histograms(before), histograms(after)
    yield _change(name, side, "geo mean", first.geometric_mean(), second.geometric_mean())
    for percentile in PERCENTILES:
        yield _change(name, side, f"p{percentile}", first.percentile(percentile), second.percentile(percentile))


def _change(what: str, side: str, metric: str, before: Sample, after: Sample) -> Change:
    low, high = interval(before, after, seed=f"{what} {side} {metric}")
    return Change(what=what, side=side, metric=metric, before=before.whole(), after=after.whole(), low=low, high=high)


def _outcomes(name: str, side: str, before: Report, after: Report) -> Iterator[CountChange]:
    """Yield errors, which may grow as long as the side carries its rate, and refusals and drops, which are only shown."""
    one, other = (getattr(report.scenarios[name], side) for report in (before, after))
    offered = after.offered(other)
    for what, first, second, allowed in (
        ("errors", one.errors, other.errors, (1 - CARRIED) * offered),
        ("refused", one.refusals, other.refusals, None),
        ("dropped", one.dropped, other.dropped, None),
    ):
        load = offered / (before.offered(one) or 1)
        yield CountChange(what=f"{name}: {what}", side=side, before=first, after=second, allowed=allowed, load=load)


def _medians(lags: Values, counts: Counts) -> Values:
    """Return the median of each resample of lags in rising order: the middle one, or the mean of the middle two."""
    cumulative = np.cumsum(counts, axis=1)
    last = cumulative[:, -1:] - 1
    medians: Values = np.mean([lags[(cumulative <= rank).sum(axis=1)] for rank in (last // 2, (last + 1) // 2)], axis=0)
    return medians
