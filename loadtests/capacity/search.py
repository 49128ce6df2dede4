"""The search for one side's capacity: raise the rate until the service level breaks, bisect, then confirm the end that held.

docs/decisions/0020-capacity.md explains the method.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from math import ceil, inf, sqrt
from statistics import median

from loadtests.capacity.saturation import Meter, Usage
from loadtests.histograms import decode, percentile_ms
from loadtests.load import VOID_ABOVE_LATE, BlockResult, LoadPlan, void_reasons

START = 20.0  # requests a second of the first probe; each raise doubles it
LEAST_RATE = 1.0
WARM_UP_S = 0.5
LEAST_S, MOST_S = 2.0, 10.0  # length of a probe
TAIL, BEYOND = 0.05, 5  # share of the requests above p95, and how many of them a probe needs
UNNAMED_PERCENT = 1.0  # limit of refused and of dropped requests: a system that refuses half has half the capacity
PRECISION = 0.1  # between the rates that held and broke


class Outcome(StrEnum):
    """Result of the probes at a rate. A void probe could not be offered and proves nothing about the system."""

    HELD = "held"
    BROKEN = "broken"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Level:
    """A service level: p95 in milliseconds, and failed requests in percent of the offered ones."""

    p95_ms: float
    errors_percent: float

    def __str__(self) -> str:
        return f"p95<{self.p95_ms:g}ms,errors<{self.errors_percent:g}%"

    def broken(self, blocks: Sequence[BlockResult]) -> list[str]:
        """Return the broken limits in words, or nothing if the level held.

        p95 is the median of the blocks, so one disturbed block decides nothing.
        """
        p95_ms, offered = percentile_of_blocks(blocks, 95), max(1, sum(block.offered for block in blocks))
        broken = [f"p95 {p95_ms:,.0f} ms, over {self.p95_ms:,.0f} ms"] if p95_ms >= self.p95_ms else []
        limits = {"errors": self.errors_percent, "refused": UNNAMED_PERCENT, "dropped": UNNAMED_PERCENT}
        for name, limit in limits.items():
            percent = 100 * sum(getattr(block, name) for block in blocks) / offered
            if percent >= limit:
                broken.append(f"{name} {percent:.3g} %, over {limit:g} %")
        return broken


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One block at one rate. seconds: measured ones. usage: None for a deployed system."""

    rate: float
    seconds: float
    block: BlockResult
    usage: Usage | None = None

    @property
    def void(self) -> str:
        """Why the load generator could not offer the rate, or nothing."""
        due, arrivals = self.rate * self.seconds, self.block.arrivals
        if arrivals < (1 - VOID_ABOVE_LATE) * due - 1:  # the last one may be due at the end
            return f"the load generator offered {arrivals} of {due:.0f} arrivals"
        return next(void_reasons([self.block]), "")


@dataclass(slots=True, kw_only=True)
class Search:
    """The search on one side. plan: of its probes; each probe sets rate and length."""

    plan: LoadPlan
    level: Level
    ceiling: float
    meter: Meter | None = None
    probes: list[Probe] = field(default_factory=list)

    def run_next(self, rate: float, offer: Callable[[LoadPlan], BlockResult]) -> Probe:
        """Run one probe and store it."""
        plan = self.plan_of(rate)
        before = self.meter.sample() if self.meter else None
        block = offer(plan)
        usage = before.usage(self.meter.sample()) if self.meter and before else None
        self.probes.append(Probe(rate=rate, seconds=plan.duration_s, block=block, usage=usage))
        return self.probes[-1]

    def plan_of(self, rate: float) -> LoadPlan:
        """Return a probe's plan: long enough for p95, and for the queue of a small overload to reach the limit."""
        limit_s = self.level.p95_ms / 1000
        return replace(
            self.plan,
            rate=rate,
            duration_s=min(MOST_S, max(LEAST_S, 1.5 * limit_s / PRECISION, BEYOND / TAIL / rate)),
            warm_up_s=WARM_UP_S,
            seed=f"{self.plan.seed} {len(self.probes)}",
            max_in_flight=max(self.plan.max_in_flight, ceil(2 * rate * limit_s)),
            timeout_ms=max(self.plan.timeout_ms, 2 * self.level.p95_ms),
        )

    @property
    def high(self) -> float:
        """The lowest rate that did not hold, or infinity."""
        return min((rate for rate, outcome in self._outcomes().items() if outcome is not Outcome.HELD), default=inf)

    @property
    def low(self) -> float:
        """The highest rate below `high` that held, or 0."""
        held = (rate for rate, outcome in self._outcomes().items() if outcome is Outcome.HELD)
        return max((rate for rate in held if rate < self.high), default=0.0)

    @property
    def at_least(self) -> bool:
        """Whether the capacity is `low` or more: the ceiling held, or the load generator could not offer `high`."""
        return self.high == inf or self._outcomes()[self.high] is Outcome.VOID

    @property
    def decisive(self) -> float:
        """The rate whose saturation is reported: the lowest that broke, else the highest that held."""
        return self.high if self.high < inf else self.low or START

    def next_rate(self) -> float | None:
        """Return the rate of the next probe, or None at the end of the search."""
        if self.probes and self._decide(last := self.probes[-1].rate) is None:
            return last
        low, high = self.low, self.high
        if high == inf and low < self.ceiling:
            return min(2 * low or START, self.ceiling)
        if inf > high > max(LEAST_RATE, low * (1 + PRECISION) * 1.0001):
            return max(LEAST_RATE, sqrt(low * high) if low else high / 2)
        return low if low and len(self.at(low)) == 1 else None

    def knee(self) -> tuple[float, float, float | None]:
        """Return the rate at which the level breaks, and the ends of the interval that contains it; None for an unknown end.

        The knee is the middle of the bracket. A probe of T seconds cannot see an overload below limit/T, so the interval begins
        that much lower.
        """
        low, high = self.low, self.high
        if self.at_least:
            return low, low, None
        if not low:
            return high, 0.0, high
        unseen = self.level.p95_ms / 1000 / self.plan_of(low).duration_s
        return sqrt(low * high), low / (1 + unseen), high

    def at(self, rate: float) -> list[Probe]:
        """Return the probes that count at a rate: void ones only if there are no others."""
        probes = [probe for probe in self.probes if probe.rate == rate]
        return [probe for probe in probes if not probe.void] or probes

    def broken(self, probes: Sequence[Probe]) -> list[str]:
        """Return the limits that these probes break together, in words."""
        return self.level.broken([probe.block for probe in probes])

    def _outcomes(self) -> dict[float, Outcome]:
        """Return the outcome of each decided rate."""
        rates = sorted({probe.rate for probe in self.probes})
        return {rate: outcome for rate in rates if (outcome := self._decide(rate))}

    def _decide(self, rate: float) -> Outcome | None:
        """Return the outcome of the probes at a rate, or None if it needs another probe.

        One probe that holds is enough to go on. Otherwise two of three equal outcomes decide: on a shared machine one break may
        be caused by other processes.
        """
        outcomes = [self._judge(probe) for probe in self.probes if probe.rate == rate]
        outcome, count = Counter(outcomes).most_common(1)[0]
        if count > 1 or outcomes == [Outcome.HELD]:
            return outcome
        return Outcome.VOID if len(outcomes) > 2 else None

    def _judge(self, probe: Probe) -> Outcome:
        if probe.void:
            return Outcome.VOID
        return Outcome.BROKEN if self.broken([probe]) else Outcome.HELD


def percentile_of_blocks(blocks: Sequence[BlockResult], percentile: float) -> float:
    """Return the median of the blocks' percentiles, in milliseconds."""
    return median(_percentile_ms(block.latencies, percentile) for block in blocks)


@cache
def _percentile_ms(latencies: str, percentile: float) -> float:
    return percentile_ms(decode(latencies), percentile)  # takes a millisecond, and a search needs it often
