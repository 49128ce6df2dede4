"""Counts the outcomes of one block, the warm-up apart."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from hdrh.histogram import HdrHistogram

from loadtests.latency import empty_histogram, encoded, histogram_of, percentile_ms, record
from loadtests.outcomes import Outcome
from loadtests.plan import Block, Second


@dataclass(slots=True)
class Tally:
    """Takes one outcome at a time. Offsets are seconds between the block's begin and the intended start."""

    warm_up_s: float
    patience_ms: float
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    warm_up: HdrHistogram = field(default_factory=empty_histogram)
    total: HdrHistogram = field(default_factory=empty_histogram)
    operations: defaultdict[str, HdrHistogram] = field(default_factory=lambda: defaultdict(empty_histogram))
    seconds: defaultdict[int, list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, operation: str, offset_s: float, latency_ms: float, outcome: Outcome, reason: str) -> None:
        """Count one outcome. A right answer that came too late is an error, and its latency still counts."""
        late = outcome is Outcome.RIGHT and latency_ms > self.patience_ms
        if late:
            outcome, reason = Outcome.ERROR, "late"
        timed = outcome is Outcome.RIGHT or reason in ("late", "timeout")  # fast failures must not flatter a side
        if offset_s < self.warm_up_s:
            if timed:
                record(self.warm_up, latency_ms)
            return
        self.outcomes[outcome] += 1
        if reason:
            self.reasons[f"{operation}: {reason}"] += 1
        if timed:
            self._time(operation, offset_s, latency_ms)

    def _time(self, operation: str, offset_s: float, latency_ms: float) -> None:
        record(self.total, latency_ms)
        record(self.operations[operation], latency_ms)
        self.seconds[int(offset_s - self.warm_up_s)].append(latency_ms)

    def block(self) -> Block:
        """Return what was measured; the caller adds what only it knows: drops, late ticks, CPU."""
        return Block(
            offered=self.outcomes.total(),
            right=self.outcomes[Outcome.RIGHT],
            refused=self.outcomes[Outcome.REFUSED],
            errors=self.outcomes[Outcome.ERROR],
            latencies=encoded(self.total),
            by_operation={name: encoded(histogram) for name, histogram in self.operations.items()},
            seconds=[_second(at, latencies) for at, latencies in sorted(self.seconds.items())],
            reasons=dict(self.reasons.most_common(20)),
            warm_up_p95_ms=percentile_ms(self.warm_up, 95),
        )


def _second(at_s: int, latencies_ms: list[float]) -> Second:
    histogram = histogram_of(latencies_ms)
    return Second(
        at_s=at_s, p50_ms=percentile_ms(histogram, 50), p95_ms=percentile_ms(histogram, 95), count=len(latencies_ms)
    )
