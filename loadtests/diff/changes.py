"""How much each time and throughput changed between two runs, and how sure that is."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from loadtests.blocks import SIDES
from loadtests.diff import samples
from loadtests.diff.runs import Run
from loadtests.diff.samples import interval
from loadtests.report.tables import FLOORS, FRESHNESS
from loadtests.statistics.resampling import NEGLIGIBLE
from loadtests.statistics.samples import Sample

PERCENTILES = (50, 95, 99)
GOODPUT = "goodput"
REGRESSION, WORSE, BETTER, NOISE, TOO_FEW = "regression", "worse", "better", "within noise", "too few"
TRIALS = 8  # of a lag; a bootstrap of fewer is too sure of itself to judge by
Pair = tuple[Sample, Sample]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One figure in both runs. low, high: of the ratio of after over before.

    judged: whether there is enough to judge by. A floor is none of our code, so its change is no regression.
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
        """What it changed by."""
        return self.after / self.before

    def verdict(self, threshold: float) -> str:
        """Say what the change is. A change for the worse that is surely beyond the threshold, such as 0.1, is a regression."""
        if not self.judged:
            return TOO_FEW
        indifferent = min(NEGLIGIBLE, threshold)
        low, high = (1 / self.high, 1 / self.low) if self.metric == GOODPUT else (self.low, self.high)
        if low > 1 + threshold and not self.floor:
            return REGRESSION
        if low > 1 + indifferent:
            return WORSE
        return BETTER if high < 1 - indifferent else NOISE


def changes(before: Run, after: Run) -> Iterator[Change]:
    """Yield the change of everything that both runs measured in blocks or in trials."""
    for name in before.report.scenarios:
        yield from _scenario(before, after, name)
    for kind, words in FRESHNESS.items():
        yield from _lags(before, after, kind, words)
    for name, words in FLOORS.items():
        yield from _floors(before, after, name, words)


def _scenario(before: Run, after: Run, name: str) -> Iterator[Change]:
    for side in SIDES:
        one, other = (run.blocks(name, side) for run in (before, after))
        if one and other:
            first, second = (samples.latency(blocks, PERCENTILES) for blocks in (one, other))
            for metric in first:
                yield _change((name, side, metric), (first[metric], second[metric]))
            rates = (samples.goodput(one, before.report.block_s), samples.goodput(other, after.report.block_s))
            yield _change((name, side, GOODPUT), rates)


def _lags(before: Run, after: Run, kind: str, words: str) -> Iterator[Change]:
    for side in SIDES:
        one, other = (run.series.freshness.get(side, {}).get(kind, []) for run in (before, after))
        if one and other:
            found = _change((words, side, "p50"), (samples.typical(one), samples.typical(other)))
            yield replace(found, judged=min(len(one), len(other)) >= TRIALS)


def _floors(before: Run, after: Run, name: str, words: str) -> Iterator[Change]:
    for side in SIDES:
        one, other = (run.series.floors.get(side, {}).get(name, []) for run in (before, after))
        if one and other:
            pair = (samples.latency(one, (50,))["p50"], samples.latency(other, (50,))["p50"])
            yield replace(_change((f"floor: {words}", side, "p50"), pair), floor=True)


def _change(name: tuple[str, str, str], pair: Pair) -> Change:
    what, side, metric = name
    low, high = interval(*pair, seed=" ".join(name))
    before, after = (sample.whole() for sample in pair)
    return Change(what=what, side=side, metric=metric, before=before, after=after, low=low, high=high)
