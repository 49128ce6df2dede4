"""One side of one scenario on the way to its capacity: its search, its probes, and what came of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil, inf

from loadtests.capacity.knee import Knee, knee, no_less
from loadtests.capacity.search import Outcome, Search, Step
from loadtests.capacity.slo import Pool, Slo
from loadtests.capacity.usage import Meter, Usage
from loadtests.load import VOID_ABOVE_CPU, VOID_ABOVE_LATE, BlockResult, LoadPlan, late_share

WARM_UP_S = 0.5
SHORT_S, LONG_S, MOST_S = 1.0, 2.0, 10.0
BEYOND_SHORT, BEYOND_LONG = 2, 5  # requests beyond the outermost percentile


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One block at one rate. usage: None where the system was not started on this machine."""

    rate: float
    long: bool
    block: BlockResult
    usage: Usage | None

    @property
    def void(self) -> str:
        """Why the generator cannot be believed, or nothing."""
        if self.block.cpu > VOID_ABOVE_CPU:
            return f"the load generator took {100 * self.block.cpu:.0f} % of a core"
        late = late_share([self.block])
        return f"{100 * late:.0f} % of the arrivals started late" if late > VOID_ABOVE_LATE else ""


class Climb:
    """The search of one side. plan: of its probes, whose rate and length the search decides."""

    def __init__(self, plan: LoadPlan, slo: Slo, search: Search, *, meter: Meter | None) -> None:
        self.plan, self.slo, self.search = plan, slo, search
        self.meter = meter
        self.probes: list[Probe] = []
        self._steps = search.steps()
        self.next: Step | None = next(self._steps, None)

    def probe(self, run: Callable[[LoadPlan], BlockResult]) -> Probe:
        """Run the next probe, and let the search hear of it."""
        assert self.next is not None  # noqa: S101 - who asks has looked
        plan = self.planned(self.next)
        made = Probe(rate=plan.rate, long=self.next.long, block=self.measured(plan, run), usage=self.usage)
        self.probes.append(made)
        self._advance(self._outcome([made]), self._outcome(self._alike(made)))
        return made

    def measured(self, plan: LoadPlan, run: Callable[[LoadPlan], BlockResult]) -> BlockResult:
        """Run one block and meter it."""
        if self.meter is None:
            return run(plan)
        with self.meter.over(after_s=plan.warm_up_s, lasting_s=plan.duration_s):
            return run(plan)

    @property
    def usage(self) -> Usage | None:
        """What the last block took, where that can be seen."""
        return self.meter.usage if self.meter else None

    def planned(self, step: Step) -> LoadPlan:
        """Return the plan of a probe: long enough for the queue of a small overload to reach the limit, and for the percentile."""
        longest_s, precision = self.slo.longest_ms / 1000, self.search.precision
        beyond = BEYOND_LONG if step.long else BEYOND_SHORT
        queue_s = longest_s / precision * (1.5 if step.long else 0.5)
        needed = max(LONG_S if step.long else SHORT_S, queue_s, beyond / self.slo.tail / step.rate)
        return replace(
            self.plan,
            rate=step.rate,
            duration_s=min(MOST_S, needed),
            warm_up_s=WARM_UP_S,
            seed=f"{self.plan.seed} {len(self.probes)}",
            max_in_flight=max(self.plan.max_in_flight, ceil(2 * step.rate * longest_s)),
            timeout_ms=max(self.plan.timeout_ms, 2 * self.slo.longest_ms),
        )

    @property
    def at_least(self) -> bool:
        """Whether the search ended before the level broke: the capacity is what held, or more."""
        return self.search.high == inf or self.search.stopped_by is Outcome.VOID

    def knee(self) -> Knee | None:
        """Return where the level breaks; None where no rate held."""
        low, high = self.search.low, self.search.high
        if not low or self.at_least:
            return no_less(low) if low else None
        unseen = self.slo.longest_ms / 1000 / self.planned(Step(low, long=True)).duration_s
        return knee(
            self.pools(),
            self.slo,
            bracket=(low, high),
            unseen=unseen,
            seed=f"{self.plan.scenario} {self.plan.base_url}",
        )

    def pools(self) -> dict[float, Pool]:
        """Return the probes that count by rate: of rates probed long, and of one on either side of these."""
        rates = sorted({probe.rate for probe in self.probes if not probe.void})
        long = [place for place, rate in enumerate(rates) if self.at(rate)[0].long] or range(len(rates))
        near = rates[max(0, long[0] - 1) : long[-1] + 2]
        return {rate: Pool([probe.block for probe in self.at(rate)]) for rate in near}

    def at(self, rate: float) -> list[Probe]:
        """Return the probes of a rate that count."""
        found = [probe for probe in self.probes if probe.rate == rate and not probe.void]
        return [probe for probe in found if probe.long] or found

    def broken(self, probes: Sequence[Probe]) -> list[str]:
        """Return the terms that these probes do not keep together, in words."""
        return self.slo.broken(Pool([probe.block for probe in probes]))

    @property
    def decisive(self) -> Step:
        """The step at which the level broke, or else the highest that held: there it is looked for what was used up."""
        rate = self.search.high if self.search.high < inf else self.search.low
        return Step(rate, long=True)

    def seen_at(self, rate: float) -> list[Probe]:
        """Return the probes of a rate that count, or where none does, the void ones."""
        return self.at(rate) or [probe for probe in self.probes if probe.rate == rate]

    def _alike(self, made: Probe) -> list[Probe]:
        return [probe for probe in self.probes if (probe.rate, probe.long) == (made.rate, made.long)]

    def _outcome(self, probes: list[Probe]) -> Outcome:
        believed = [probe.block for probe in probes if not probe.void]
        if len(believed) <= len(probes) / 2:
            return Outcome.VOID
        return Outcome.BROKEN if self.slo.broken(Pool(believed)) else Outcome.HELD

    def _advance(self, alone: Outcome, together: Outcome) -> None:
        try:
            self.next = self._steps.send((alone, together))
        except StopIteration:
            self.next = None
