"""Counts what becomes of the arrivals of one block, the warm-up apart.

While a block lasts, an outcome costs one count in one dictionary; histograms are made of it afterwards. So the tallies of
several workers add up exactly, in whatever pieces and order they come.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from loadtests.calls import WRONG, Outcome
from loadtests.histograms import encoded, histogram_of_ticks, percentile_ms, ticks_of
from loadtests.load import BlockResult, Second

WARM_UP = -1  # in place of a second
DROPPED, LATE = "dropped", "late"
ENDS = (*(each.value for each in Outcome), DROPPED)  # what an arrival ends with; LATE is said of it besides
TIMED = ("late", "timeout")  # reasons of errors that took their time; quick failures must not flatter a side
# Second of the intended start, operation, outcome, reason, tenths of a millisecond (0: not timed).
Event = tuple[int, str, str, str, int]


@dataclass(slots=True)
class Tally:
    """Takes one outcome at a time. Offsets are seconds between the block's begin and the intended start."""

    warm_up_s: float
    timeout_ms: float
    counts: defaultdict[Event, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, operation: str, offset_s: float, latency_ms: float, outcome: Outcome, reason: str) -> None:
        """Count one outcome. A right answer that came too late is an error, and its latency still counts."""
        if outcome is Outcome.SUCCESS and latency_ms > self.timeout_ms:
            outcome, reason = Outcome.ERROR, "late"
        timed = outcome is Outcome.SUCCESS or reason in TIMED
        ticks = ticks_of(latency_ms) if timed else 0
        self.counts[self._second(offset_s), operation, outcome.value, reason, ticks] += 1

    def drop(self, offset_s: float) -> None:
        """Count an arrival that found too many open ones."""
        self.counts[self._second(offset_s), "", DROPPED, "", 0] += 1

    def late(self, offset_s: float) -> None:
        """Count an arrival that was started, or dropped, too long after its time."""
        self.counts[self._second(offset_s), "", LATE, "", 0] += 1

    def taken(self) -> list[tuple[Event, int]]:
        """Return what was counted since the last time, and count anew."""
        counts, self.counts = self.counts, defaultdict(int)
        return list(counts.items())

    def merge(self, part: Iterable[tuple[Event, int]]) -> None:
        """Count what another tally counted."""
        for event, count in part:
            self.counts[event] += count

    def block(self) -> BlockResult:
        """Return what was measured; the caller adds what only it knows: the generator's share of a core."""
        counted = Counter[str]()
        reasons = Counter[str]()
        for (_, operation, outcome, reason, _), count in self._measured():
            counted[outcome] += count
            reasons.update({f"{operation}: {reason}": count} if reason else {})
            counted[WRONG] += count if reason.startswith(WRONG) else 0
        total, by_operation = self._ticks()
        return BlockResult(
            offered=(offered := sum(counted[end] for end in ENDS)),
            arrivals=offered,
            succeeded=counted[Outcome.SUCCESS],
            refused=counted[Outcome.REFUSED],
            errors=counted[Outcome.ERROR],
            wrong=counted[WRONG],
            dropped=counted[DROPPED],
            late=counted[LATE],
            latencies=encoded(histogram_of_ticks(total)),
            by_operation={name: encoded(histogram_of_ticks(ticks)) for name, ticks in sorted(by_operation.items())},
            seconds=self._seconds(),
            reasons=dict(reasons.most_common(20)),
            warm_up_p95_ms=percentile_ms(histogram_of_ticks(self._warm_up()), 95),
        )

    def arrivals(self) -> int:
        """Return how many arrivals ended, those of the warm-up included."""
        return sum(count for (_, _, outcome, _, _), count in self.counts.items() if outcome in ENDS)

    def _second(self, offset_s: float) -> int:
        return int(offset_s - self.warm_up_s) if offset_s >= self.warm_up_s else WARM_UP

    def _measured(self) -> Iterator[tuple[Event, int]]:
        return ((event, count) for event, count in self.counts.items() if event[0] != WARM_UP)

    def _ticks(self) -> tuple[Counter[int], dict[str, Counter[int]]]:
        total, by_operation = Counter[int](), defaultdict[str, Counter[int]](Counter)
        for (_, operation, _, _, ticks), count in self._measured():
            if ticks:
                total[ticks] += count
                by_operation[operation][ticks] += count
        return total, by_operation

    def _warm_up(self) -> Counter[int]:
        found = Counter[int]()
        for (second, _, _, _, ticks), count in self.counts.items():
            if second == WARM_UP and ticks:
                found[ticks] += count
        return found

    def _seconds(self) -> list[Second]:
        offered, timed = Counter[int](), defaultdict[int, Counter[int]](Counter)
        for (second, _, outcome, _, ticks), count in self._measured():
            offered[second] += count if outcome in ENDS else 0
            timed[second].update({ticks: count} if ticks else {})
        return [_of_second(at, offered[at], timed[at]) for at in sorted(offered)]


def _of_second(at_s: int, offered: int, ticks: Counter[int]) -> Second:
    histogram = histogram_of_ticks(ticks)
    return Second(
        at_s=at_s, p50_ms=percentile_ms(histogram, 50), p95_ms=percentile_ms(histogram, 95), count=ticks.total(),
        offered=offered, latencies=encoded(histogram),
    )  # fmt: skip
