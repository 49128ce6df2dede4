"""The data of load: the plan of a block, its result, and the reply of the load process. All of it is JSON on a pipe."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, takewhile
from math import ceil, inf

from loadtests.data.world import World
from loadtests.errors import UsageError
from loadtests.shapes import Shape, Stage, due_times

VOID_ABOVE_CPU = 0.85  # of a core
VOID_ABOVE_LATE = 0.05  # of the arrivals: over 10 ms late, or lost with a worker
PER_CORE = 500  # requests a second for which a generator needs a core of a cloud machine
LIVE = "live"
NOBODY = World((), ())
MAX_ARRIVALS = 20_000_000  # of a block: its counts have to fit into memory


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPlan:
    """One block of open load.

    rate: arrivals a second; the highest of `shape`, the mean of `trace`. warm_up_s precedes duration_s and is counted separately.
    shape: stages that take duration_s. trace: recorded offsets instead. part, parts: this generator starts the arrivals whose
    number is `part` modulo `parts`. seed: the same seed draws the same journeys. max_in_flight: arrivals beyond this many open
    ones are dropped. timeout_ms: a later answer, counted from the intended start, is an error.
    scenario: the name of a mix, or LIVE. journeys: the weights of a mix that is not in loadtests/mixes. path: plain GETs of this
    path instead of journeys (a floor). live_url, subscribers: the live feed and its audience, for LIVE.
    """

    base_url: str
    rate: float
    duration_s: float
    warm_up_s: float
    seed: str
    scenario: str = ""
    journeys: dict[str, float] = field(default_factory=dict)
    path: str = ""
    shape: Shape = ()
    trace: tuple[float, ...] = ()
    part: int = 0
    parts: int = 1
    max_in_flight: int = 200
    timeout_ms: float = 5_000
    world: World = NOBODY
    live_url: str = ""
    subscribers: int = 0

    def arrivals(self) -> Iterator[float]:
        """Yield the due time of each arrival of this part, in seconds after the start of the warm-up."""
        return islice(self._all(), self.part, None, self.parts)

    def due(self, until_s: float = inf) -> int:
        """Return the number of arrivals of this part that are due before a time."""
        return sum(1 for _ in takewhile(lambda offset: offset < until_s, self.arrivals()))

    def _all(self) -> Iterator[float]:
        """Yield all due times. The warm-up has the first rate of the shape. A trace has no arrivals in its warm-up."""
        if self.trace:
            return (self.warm_up_s + offset for offset in self.trace)
        shape = self.shape or (Stage(self.duration_s, self.rate, self.rate),)
        return due_times((Stage(self.warm_up_s, shape[0].start, shape[0].start), *shape))


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadStart:
    """The message that starts a run in each process. number: of the run. workers: the Locust worker indexes, by part."""

    number: int
    plan: LoadPlan
    workers: tuple[int, ...] = (0,)

    def part_of(self, worker_index: int) -> LoadPlan:
        """Return the part of the plan that a worker offers. Raise ValueError if it was not connected at the start."""
        part, parts = self.workers.index(worker_index), len(self.workers)
        seed = f"{self.plan.seed} of {part}" if part else self.plan.seed
        in_flight = ceil(self.plan.max_in_flight / parts)
        return replace(self.plan, part=part, parts=parts, seed=seed, max_in_flight=in_flight)


@dataclass(slots=True, kw_only=True)
class Second:
    """The arrivals with an intended start in one second of the block, for charts over time. latencies: a histogram.

    outcomes: counts by operation and outcome. A success that took over a second is `slow`.
    """

    at_s: int
    offered: int
    latencies: str
    outcomes: dict[str, dict[str, int]] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Live:
    """Figures of one block on a live feed besides its latencies, warm-up excluded.

    messages: expected ones, one for each write and subscriber of its topic. lost, doubled: of those. from_answer: histogram of
    the time from the answer to a write to its message, at every subscriber. to_last: the same for the last subscriber.
    """

    subscribers: int
    writes: int
    messages: int
    lost: int
    doubled: int
    from_answer: str
    to_last: str


@dataclass(slots=True, kw_only=True)
class LostWorker:
    """A worker that was lost in a block. at_s: its last report, in seconds after the start of the warm-up.

    arrivals: its arrivals with an unknown outcome, which no other count includes.
    """

    name: str
    at_s: float
    arrivals: int

    def __str__(self) -> str:
        return (
            f"{self.name}, last report {self.at_s:g} s into its block, {self.arrivals} arrivals with an unknown outcome"
        )


@dataclass(slots=True, kw_only=True)
class BlockResult:
    """The result of one block, warm-up excluded. latencies: histogram of all requests except refusals and quick errors.

    arrivals: due ones; on a live feed they are writes, while offered counts messages. late: arrivals that started over 10 ms
    after their due time. cpu: the generator's share of one core, the highest of several workers.
    wrong: errors with the expected status and a wrong body. reasons: the most frequent reasons of refusals and errors, with
    counts. began: Unix time of the start of the warm-up.
    """

    began: float = 0.0
    offered: int = 0
    succeeded: int = 0
    refused: int = 0
    errors: int = 0
    wrong: int = 0
    dropped: int = 0
    arrivals: int = 0
    late: int = 0
    cpu: float = 0.0
    latencies: str = ""
    by_operation: dict[str, str] = field(default_factory=dict)
    seconds: list[Second] = field(default_factory=list)
    reasons: dict[str, int] = field(default_factory=dict)
    live: Live | None = None
    lost_workers: list[LostWorker] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The answer to a plan: the result of its block, or in one line the reason that there is none."""

    block: BlockResult | None = None
    failed: str = ""


def require_bounded(rate: float, duration_s: float) -> None:
    """Raise UsageError for a block of too many arrivals."""
    if rate * duration_s > MAX_ARRIVALS:
        raise UsageError(f"{rate:g} a second for {duration_s:g} s are more than {MAX_ARRIVALS:,} arrivals")


def lost_share(blocks: Sequence[BlockResult]) -> float:
    """Return the share of arrivals whose outcome is unknown because a worker was lost."""
    lost = sum(one.arrivals for block in blocks for one in block.lost_workers)
    return lost / max(1, lost + sum(block.arrivals for block in blocks))


def void_reasons(blocks: Sequence[BlockResult]) -> Iterator[str]:
    """Yield the reasons why the load generator could not offer these blocks."""
    cpu, lost = max(block.cpu for block in blocks), lost_share(blocks)
    late = sum(block.late for block in blocks) / max(1, sum(block.arrivals for block in blocks))
    if cpu > VOID_ABOVE_CPU:
        yield f"the load generator took {_percent(cpu)} of a core, over {_percent(VOID_ABOVE_CPU)}: its times are unreliable"
    if late > VOID_ABOVE_LATE:
        yield f"{_percent(late)} of the requests started late, over {_percent(VOID_ABOVE_LATE)}"
    if lost > VOID_ABOVE_LATE:
        yield f"{_percent(lost)} of the arrivals were lost with a worker, over {_percent(VOID_ABOVE_LATE)}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
