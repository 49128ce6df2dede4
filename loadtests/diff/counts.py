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
    """One count in both runs. allowed: by how much it may grow before it is a regression; None where growth is only told.

    more: how many times as much was offered, or tried, in the second run; as much of the count is expected there.
    """

    what: str
    side: str
    before: int
    after: int
    allowed: float | None = 0
    more: float = 1.0

    @property
    def verdict(self) -> str:
        """Say what the change is."""
        growth = round(self.after - self.before * self.more)
        if growth <= 0:
            return BETTER if growth else SAME
        return WORSE if self.allowed is None or growth <= self.allowed else REGRESSION


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
            offered = after.offered(other)
            more, errors = offered / (before.offered(one) or 1), (1 - CARRIED) * offered
            for what, was, found, allowed in (
                ("errors", one.errors, other.errors, errors),
                ("refused", one.refusals, other.refusals, None),
                ("dropped", one.dropped, other.dropped, None),
            ):
                yield Count(what=f"{name}: {what}", side=side, before=was, after=found, allowed=allowed, more=more)


def _lags(before: Report, after: Report) -> Iterator[Count]:
    for kind, words in FRESHNESS.items():
        for side in SIDES:
            one, other = (report.freshness.get(kind, {}).get(side) for report in (before, after))
            if one and other:
                first, second, more = one.stale_first_reads, other.stale_first_reads, other.trials / (one.trials or 1)
                yield Count(what=f"{words}: stale", side=side, before=first, after=second, allowed=None, more=more)
                yield Count(what=f"{words}: never", side=side, before=one.never, after=other.never)
