"""The search for the highest rate that holds: raised until it breaks, halved to the precision, then held to it by longer probes.

A search says which rate to probe next and is sent what came of it; who runs the probes is no business of its.
"""

from collections.abc import Generator
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf, sqrt

FACTOR = 2.0  # between two rates while it is raised
LEAST_RATE = 1.0


class Outcome(StrEnum):
    """What a probe says of its rate; `void` says nothing but that the generator was too busy to offer it."""

    HELD = "held"
    BROKEN = "broken"
    VOID = "void"


class End(StrEnum):
    """Why a search ended."""

    BROKE = "the level broke"
    GENERATOR = "the load generator's own limit"
    CEILING = "the ceiling asked for"
    FLOOR = "no rate held"
    TIME = "the time was over"


@dataclass(frozen=True, slots=True)
class Step:
    """The next probe. long: one of those that decide."""

    rate: float
    long: bool


Sent = tuple[Outcome, Outcome]  # of the probe alone, and of all probes of its kind at its rate together
Steps = Generator[Step, Sent, None]
Decision = Generator[Step, Sent, Outcome]


@dataclass(slots=True)
class Search:
    """The bracket between the highest rate that holds and the lowest that does not, and how it is narrowed.

    start, ceiling: requests a second. precision: how far apart, as a share, the ends of the bracket may be in the end.
    held: the rates that held a short probe.
    """

    start: float
    ceiling: float
    precision: float
    low: float = 0.0
    high: float = inf
    stopped_by: Outcome = Outcome.BROKEN
    end: End = End.TIME
    held: list[float] = field(default_factory=list)

    def steps(self) -> Steps:
        """Yield the probes to run; each is sent what came of it. Ended early, the search stands where it is."""
        yield from self._narrowed()
        yield from self._held_to_it()
        self.end = self._why()

    def _narrowed(self) -> Steps:
        rate = min(self.start, self.ceiling)
        while not self._found:
            outcome = yield from _decided(rate)
            if outcome is Outcome.HELD:
                self.low = rate
                self.held.append(rate)
            else:
                self.high, self.stopped_by = rate, outcome
            rate = self._next()

    def _held_to_it(self) -> Steps:
        """Longer probes see an overload that short ones do not, and several of them no accident: they may move the bracket."""
        known: dict[float, Outcome] = {}
        while self.low:
            for rate in (self.low, self.high):
                if rate not in known and rate < inf:
                    known[rate] = yield from _together(rate)
            if known[self.low] is not Outcome.HELD:
                yield from self._lowered(known)
            elif known.get(self.high) is Outcome.HELD:
                yield from self._raised(known)
            else:
                return

    def _lowered(self, known: dict[float, Outcome]) -> Steps:
        """Until a lower rate holds longer probes, the lower end is the highest below that held a short one."""
        rate, outcome = self.low, known[self.low]
        while outcome is not Outcome.HELD:
            self.high, self.stopped_by = rate, outcome
            self.low = max((held for held in self.held if held < rate), default=0.0)
            if rate <= LEAST_RATE:
                return
            rate /= 1 + self.precision
            outcome = known[rate] = yield from _together(rate)
        self.low = rate

    def _raised(self, known: dict[float, Outcome]) -> Steps:
        """What held is the lower end now; until the next rate is probed nothing is known to break."""
        self.low, self.high = self.high, inf
        rate = min(self.low * (1 + self.precision), self.ceiling)
        if rate > self.low:
            known[rate] = yield from _together(rate)
            self.high, self.stopped_by = rate, known[rate]

    @property
    def _found(self) -> bool:
        if self.high == inf:
            return self.low >= self.ceiling
        return self.high <= max(LEAST_RATE, self.low * (1 + self.precision))

    def _next(self) -> float:
        if self.high == inf:
            return min(self.low * FACTOR, self.ceiling)
        return sqrt(self.low * self.high) if self.low else max(LEAST_RATE, self.high / FACTOR)

    def _why(self) -> End:
        if self.high == inf:
            return End.CEILING
        if not self.low:
            return End.FLOOR
        return End.GENERATOR if self.stopped_by is Outcome.VOID else End.BROKE


def _decided(rate: float) -> Decision:
    """Probe a rate until it holds once or is decided by two alike: on a machine that others use, one break may be theirs."""
    first, _ = yield Step(rate, long=False)
    if first is Outcome.HELD:
        return first
    second, _ = yield Step(rate, long=False)
    if second is first:
        return first
    third, _ = yield Step(rate, long=False)
    return third


def _together(rate: float) -> Decision:
    """Probe a rate long, until two probes are alike or all of them are judged as one."""
    first, _ = yield Step(rate, long=True)
    second, together = yield Step(rate, long=True)
    if second is not first:
        _, together = yield Step(rate, long=True)
    return together
