"""Counts of open load by second, operation, outcome, reason and latency in tenths of a millisecond.

A request adds one to a dictionary. The counts of several workers add up exactly; HdrHistograms are built from them at the end.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from loadtests.calls import WRONG, Outcome
from loadtests.histograms import encode, histogram_of_ticks, ticks_of
from loadtests.load import BlockResult, Second

WARM_UP = -1  # in place of a second
SINGLE_SECONDS = 600  # with an interval of their own
DROPPED, LATE = "dropped", "late"
ENDS = (*(each.value for each in Outcome), DROPPED)  # how an arrival ends; LATE is counted in addition
SLOW, SLOW_TICKS = "slow", 10_000  # a success that took over a second, in the outcomes of a second of the block
TIMED = ("late", "timeout")  # reasons of errors whose time counts; quick failures must not flatter a system
# Second of the intended start, operation, outcome, reason, tenths of a millisecond (0: not timed).
Event = tuple[int, str, str, str, int]


@dataclass(slots=True)
class Tally:
    """Counts of one run. Offsets are seconds from its start to the intended start of a request."""

    warm_up_s: float
    counts: defaultdict[Event, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, operation: str, offset_s: float, latency_ms: float, *, outcome: str, reason: str = "") -> None:
        """Count one outcome."""
        timed = outcome == Outcome.SUCCESS or reason in TIMED
        self.counts[self._second(offset_s), operation, outcome, reason, ticks_of(latency_ms) if timed else 0] += 1

    def late(self, offset_s: float) -> None:
        """Count an arrival that started, or was dropped, too long after its due time."""
        self.counts[self._second(offset_s), "", LATE, "", 0] += 1

    def take(self) -> list[tuple[Event, int]]:
        """Return the counts since the last call, and start again from zero."""
        counts, self.counts = self.counts, defaultdict(int)
        return list(counts.items())

    def merge(self, counts: Iterable[tuple[Event, int]]) -> None:
        """Add the counts of another tally."""
        for event, count in counts:
            self.counts[event] += count

    def arrivals(self) -> int:
        """Return the number of arrivals that ended, in the warm-up too."""
        return sum(count for (_, _, outcome, _, _), count in self.counts.items() if outcome in ENDS)

    def block(self) -> BlockResult:
        """Return the result of the block, without the generator's own figures: its CPU share and its workers."""
        ends, reasons = Counter[str](), Counter[str]()
        for (_, operation, outcome, reason, _), count in self._measured():
            ends[outcome] += count
            reasons.update({f"{operation}: {reason}": count} if reason else {})
            ends[WRONG] += count if reason.startswith(WRONG) else 0
        total, by_operation = self._ticks()
        offered = sum(ends[end] for end in ENDS)
        return BlockResult(
            offered=offered,
            arrivals=offered,
            succeeded=ends[Outcome.SUCCESS],
            refused=ends[Outcome.REFUSED],
            errors=ends[Outcome.ERROR],
            wrong=ends[WRONG],
            dropped=ends[DROPPED],
            late=ends[LATE],
            latencies=encode(histogram_of_ticks(total)),
            by_operation={name: encode(histogram_of_ticks(ticks)) for name, ticks in sorted(by_operation.items())},
            seconds=self._seconds(),
            reasons=dict(reasons.most_common(20)),
        )

    def _second(self, offset_s: float) -> int:
        """Return the second of an offset, or the first of a longer interval: the number of intervals has to stay small."""
        second = int(offset_s - self.warm_up_s) if offset_s >= self.warm_up_s else WARM_UP
        return second - second % interval_s(second)

    def _measured(self) -> Iterator[tuple[Event, int]]:
        return ((event, count) for event, count in self.counts.items() if event[0] != WARM_UP)

    def _ticks(self) -> tuple[Counter[int], dict[str, Counter[int]]]:
        total, by_operation = Counter[int](), defaultdict[str, Counter[int]](Counter)
        for (_, operation, _, _, ticks), count in self._measured():
            if ticks:
                total[ticks] += count
                by_operation[operation][ticks] += count
        return total, by_operation

    def _seconds(self) -> list[Second]:
        timed = defaultdict[int, Counter[int]](Counter)
        ends = defaultdict[int, defaultdict[str, Counter[str]]](lambda: defaultdict(Counter))
        for (second, operation, outcome, _, ticks), count in self._measured():
            if outcome in ENDS:
                ends[second][operation][SLOW if outcome == Outcome.SUCCESS and ticks > SLOW_TICKS else outcome] += count
            timed[second].update({ticks: count} if ticks else {})
        return [
            Second(
                at_s=at_s,
                offered=sum(counts.total() for counts in ends[at_s].values()),
                latencies=encode(histogram_of_ticks(timed[at_s])),
                outcomes={operation: dict(counts) for operation, counts in ends[at_s].items()},
            )
            for at_s in sorted(timed)
        ]


def interval_s(second: int) -> int:
    """Return the length of the interval at a second: 1 s at first, doubled whenever the offset doubles."""
    return 1 << max(0, second // SINGLE_SECONDS).bit_length()
