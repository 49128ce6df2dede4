"""The search for one side's capacity: raise the rate until the service level breaks, bisect, then confirm both ends.

docs/decisions/0020-capacity.md explains the method.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from math import ceil, inf, sqrt
from statistics import median

from loadtests.capacity.saturation import Meter, Usage
from loadtests.histograms import decode, percentile_ms
from loadtests.load import VOID_ABOVE_LATE, BlockResult, LoadPlan, void_reasons

START, FACTOR = 20.0, 2.0  # requests a second of the first probe; factor of each raise, until a rate breaks the level
LEAST_RATE = 1.0
WARM_UP_S = 0.5
SHORT_S, LONG_S, MAX_S = 1.0, 2.0, 10.0
TAIL = 0.05  # share of the requests above p95
BEYOND_SHORT, BEYOND_LONG = 2, 5  # requests beyond p95 that a probe needs
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


@dataclass(frozen=True, slots=True)
class Step:
    """The next probe. Long probes decide."""

    rate: float
    long: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One block at one rate. seconds: measured ones. usage: None for a deployed system."""

    rate: float
    long: bool
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


@dataclass(frozen=True, slots=True)
class Knee:
    """The rate at which the level breaks, and the interval that contains it."""

    rate: float
    low: float
    high: float


@dataclass(slots=True, kw_only=True)
class Search:
    """The search on one side. plan: of its probes; each probe sets rate and length."""

    plan: LoadPlan
    level: Level
    ceiling: float
    meter: Meter | None = None
    probes: list[Probe] = field(default_factory=list)

    def run_next(self, step: Step, offer: Callable[[LoadPlan], BlockResult]) -> Probe:
        """Run one probe and store it."""
        plan = self.plan_of(step)
        before = self.meter.sample() if self.meter else None
        block = offer(plan)
        usage = before.usage(self.meter.sample()) if self.meter and before else None
        self.probes.append(Probe(rate=step.rate, long=step.long, seconds=plan.duration_s, block=block, usage=usage))
        return self.probes[-1]

    def plan_of(self, step: Step) -> LoadPlan:
        """Return a probe's plan: long enough for p95, and for the queue of a small overload to reach the limit."""
        limit_s = self.level.p95_ms / 1000
        beyond = BEYOND_LONG if step.long else BEYOND_SHORT
        queue_s = limit_s / PRECISION * (1.5 if step.long else 0.5)
        needed_s = max(LONG_S if step.long else SHORT_S, queue_s, beyond / TAIL / step.rate)
        return replace(
            self.plan,
            rate=step.rate,
            duration_s=min(MAX_S, needed_s),
            warm_up_s=WARM_UP_S,
            seed=f"{self.plan.seed} {len(self.probes)}",
            max_in_flight=max(self.plan.max_in_flight, ceil(2 * step.rate * limit_s)),
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

    def next_step(self) -> Step | None:
        """Return the next probe, or None at the end of the search."""
        if self.probes and self._decide(last := Step(self.probes[-1].rate, self.probes[-1].long)) is None:
            return last
        low, high = self.low, self.high
        upholding = any(probe.long for probe in self.probes)
        if high == inf and low < self.ceiling:
            factor = 1 + PRECISION if upholding else FACTOR
            return Step(min(low * factor or START, self.ceiling), upholding)
        if inf > high > max(LEAST_RATE, low * (1 + PRECISION) * 1.0001):
            return Step(max(LEAST_RATE, self._between(low, high, upholding=upholding)), upholding)
        ends = (Step(rate, long=True) for rate in (low, high) if 0 < rate < inf)
        return next((step for step in ends if self._decide(step) is None), None)

    def knee(self) -> Knee | None:
        """Return where the level breaks, or None if no rate held.

        The knee is the middle of the bracket. A probe of T seconds cannot see an overload below limit/T, so the interval begins
        that much lower.
        """
        low, high = self.low, self.high
        if not low or self.at_least:
            return Knee(low, low, low) if low else None
        unseen = self.level.p95_ms / 1000 / self.plan_of(Step(low, long=True)).duration_s
        return Knee(sqrt(low * high), low / (1 + unseen), high)

    def at(self, rate: float) -> list[Probe]:
        """Return the probes that count at a rate: long before short ones, void ones only if there are no others."""
        probes = [probe for probe in self.probes if probe.rate == rate]
        valid = [probe for probe in probes if not probe.void] or probes
        return [probe for probe in valid if probe.long] or valid

    def broken(self, probes: Sequence[Probe]) -> list[str]:
        """Return the limits that these probes break together, in words."""
        return self.level.broken([probe.block for probe in probes])

    def _between(self, low: float, high: float, *, upholding: bool) -> float:
        """Return the next rate of a bracket: its geometric mean, or for long probes one step from the certain end."""
        if not upholding:
            return sqrt(low * high) if low else high / FACTOR
        certain = self._decide(Step(low, long=True)) is Outcome.HELD
        return low * (1 + PRECISION) if certain else high / (1 + PRECISION)

    def _outcomes(self) -> dict[float, Outcome]:
        """Return the outcome of each decided rate. A long probe's outcome replaces a short one's."""
        steps = sorted({(probe.long, probe.rate) for probe in self.probes})
        decided = ((rate, self._decide(Step(rate, long))) for long, rate in steps)
        return {rate: outcome for rate, outcome in decided if outcome}

    def _decide(self, step: Step) -> Outcome | None:
        """Return the outcome of a step's probes, or None if it needs another probe.

        A short probe that holds is enough, a break must happen twice. Long probes need two equal outcomes, or three that
        are judged together. On a shared machine one break may be caused by other processes.
        """
        probes = [probe for probe in self.probes if (probe.rate, probe.long) == (step.rate, step.long)]
        outcomes = [self._judge([probe]) for probe in probes]
        if not step.long:
            return Outcome.HELD if Outcome.HELD in outcomes else outcomes[-1] if len(outcomes) > 1 else None
        if len(outcomes) == 2 and len(set(outcomes)) == 1:
            return outcomes[0]
        return self._judge(probes) if len(outcomes) > 2 else None

    def _judge(self, probes: Sequence[Probe]) -> Outcome:
        valid = [probe for probe in probes if not probe.void]
        if len(valid) <= len(probes) / 2:
            return Outcome.VOID
        return Outcome.BROKEN if self.broken(valid) else Outcome.HELD


def percentile_of_blocks(blocks: Sequence[BlockResult], percentile: float) -> float:
    """Return the median of the blocks' percentiles, in milliseconds."""
    return median(_percentile_ms(block.latencies, percentile) for block in blocks)


@cache
def _percentile_ms(latencies: str, percentile: float) -> float:
    return percentile_ms(
        decode(latencies), percentile
    )  # decoding takes a millisecond, and a search decodes the same blocks often
