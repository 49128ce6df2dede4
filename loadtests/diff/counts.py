"""What is counted, and so may be compared across machines: what differed, failed, was lost, or came late."""

from collections.abc import Iterator
from dataclasses import dataclass

from loadtests.blocks import SIDES
from loadtests.diff.changes import BETTER, REGRESSION, WORSE
from loadtests.diff.runs import Report
from loadtests.report.figures import CARRIED
from loadtests.report.tables import EFFECTS, FRESHNESS

SAME = "the same"


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """One count in both runs. allowed: by how much it may grow before it is a regression; None where growth is only told."""

    what: str
    side: str
    before: int
    after: int
    allowed: float | None = 0

    @property
    def verdict(self) -> str:
        """Say what the change is."""
        if self.after <= self.before:
            return SAME if self.after == self.before else BETTER
        return WORSE if self.allowed is None or self.after - self.before <= self.allowed else REGRESSION


def counts(before: Report, after: Report) -> Iterator[Count]:
    """Yield every count that both reports hold."""
    yield Count(what="parity checks failed", side="both", before=before.parity.failed, after=after.parity.failed)
    yield from _outcomes(before, after)
    yield from _lags(before, after)
    for kind, words in EFFECTS.items():
        for side in SIDES:
            one, other = (report.after_the_load.get(kind, {}).get(side) for report in (before, after))
            if isinstance(one, int) and isinstance(other, int):
                yield Count(what=words, side=side, before=one, after=other)


def _outcomes(before: Report, after: Report) -> Iterator[Count]:
    """Some errors are the machine's: as many more as a side may have and still carry its rate. Refusals and drops are only told."""
    for name in (name for name in before.scenarios if name in after.scenarios):
        for (side, one), (_, other) in zip(before.scenarios[name].sides(), after.scenarios[name].sides(), strict=True):
            offered = other.offered_rate * after.block_s * after.blocks_a_side
            errors = (1 - CARRIED) * offered
            yield Count(what=f"{name}: errors", side=side, before=one.errors, after=other.errors, allowed=errors)
            yield Count(what=f"{name}: refused", side=side, before=one.refusals, after=other.refusals, allowed=None)
            yield Count(what=f"{name}: dropped", side=side, before=one.dropped, after=other.dropped, allowed=None)


def _lags(before: Report, after: Report) -> Iterator[Count]:
    for kind, words in FRESHNESS.items():
        for side in SIDES:
            one, other = (report.freshness.get(kind, {}).get(side) for report in (before, after))
            if one and other:
                first, second = one.stale_first_reads, other.stale_first_reads
                yield Count(what=f"{words}: stale", side=side, before=first, after=second, allowed=None)
                yield Count(what=f"{words}: never", side=side, before=one.never, after=other.never)
