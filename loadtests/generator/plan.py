"""What the generator process is told, a LoadPlan, and what it answers, a Reply: one JSON line each way and block."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from time import perf_counter

from loadtests.data.world import World
from loadtests.shapes import Shape, Stage, due_times

VOID_ABOVE_CPU = 0.85  # of a core
VOID_ABOVE_LATE = 0.05  # of the arrivals, over 10 ms after their time or lost with a worker
LIVE = "live"
NOBODY = World((), ())


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPlan:
    """One block of load.

    rate: arrivals a second, whatever the answers do; with `shape`, its highest, and with `trace`, their mean. warm_up_s comes
    before duration_s and counts apart. shape: stages that take duration_s. trace: recorded offsets in its place.
    part, parts: of the arrivals, number `part` of every `parts` is this generator's.
    seed: the same seed walks the same journeys. max_in_flight: arrivals beyond this many open ones are dropped.
    timeout_ms: an answer later than this after its intended start is an error, however right.
    scenario: the name of a mix, or LIVE; journeys: its weights, where it is none of the project's. With `path` set, plain
    GETs of that path instead (a floor). live_url, subscribers: of the live feed and its audience, for LIVE.
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
        """Yield when each arrival of this part is due, in seconds after the begin of the warm-up."""
        return islice(self._all(), self.part, None, self.parts)

    def _all(self) -> Iterator[float]:
        """A shape is warmed up at the rate that it begins with; a trace begins when it does, with nothing before it."""
        if self.trace:
            return (self.warm_up_s + offset for offset in self.trace)
        shape = self.shape or (Stage(self.duration_s, self.rate, self.rate),)
        return due_times((Stage(self.warm_up_s, shape[0].start, shape[0].start), *shape))


@dataclass(slots=True, kw_only=True)
class Second:
    """What was offered with an intended start in one second of the block, for the charts over time; count: latencies of it."""

    at_s: int
    p50_ms: float
    p95_ms: float
    count: int
    offered: int = 0
    latencies: str = ""


@dataclass(slots=True, kw_only=True)
class Live:
    """What one block on a live feed measured beside its latencies, warm-up excluded.

    messages: one for each write and subscriber who must hear of it; lost, doubled: of them. from_answer: from the answer to a write
    to its message, at every subscriber; to_last: to the last subscriber who heard it.
    """

    subscribers: int
    writes: int
    messages: int
    lost: int
    doubled: int
    from_answer: str
    to_last: str


@dataclass(slots=True, kw_only=True)
class Worker:
    """One process of a generator of several, in one block: its own share of a core and its late arrivals."""

    name: str
    arrivals: int
    late: int
    cpu: float


@dataclass(slots=True, kw_only=True)
class LostWorker:
    """A worker that was lost within a block, so many seconds after it began, measured or warm-up.

    arrivals: those that it was to start and of which it told nothing. They are in no other count.
    """

    name: str
    at_s: float
    arrivals: int

    def __str__(self) -> str:
        took = f"{self.arrivals} arrivals that nobody knows more of"
        return f"{self.name}, last heard of {self.at_s:g} s into its block, with {took}"


@dataclass(slots=True, kw_only=True)
class BlockResult:
    """What one block measured, warm-up excluded. latencies: of every request but refusals and wrong answers.

    arrivals: those that were due, which in a live feed are writes, where offered counts messages. late: those of them
    that started over 10 ms after their time. cpu: the generator's own share of one core; of several workers, the highest.
    wrong: the errors that were answers with the right status and another outcome. reasons: why requests were refused or failed, and
    how often, the most frequent ones. ended_at_s: when it was ended early, in seconds after the warm-up; None where it was not.
    """

    offered: int = 0
    succeeded: int = 0
    refused: int = 0
    errors: int = 0
    wrong: int = 0
    dropped: int = 0
    arrivals: int = 0
    late: int = 0
    cpu: float = 0.0
    ended_at_s: float | None = None
    latencies: str = ""
    by_operation: dict[str, str] = field(default_factory=dict)
    seconds: list[Second] = field(default_factory=list)
    reasons: dict[str, int] = field(default_factory=dict)
    warm_up_p95_ms: float = 0.0
    live: Live | None = None
    workers: list[Worker] = field(default_factory=list)
    lost_workers: list[LostWorker] = field(default_factory=list)

    @property
    def void(self) -> bool:
        """Whether the generator was too busy to be believed."""
        return self.cpu > VOID_ABOVE_CPU


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came of a plan: a block, or in one line why there is none."""

    block: BlockResult | None = None
    failed: str = ""


def cut_at(is_cut: bool, plan: LoadPlan, *, began: float) -> float | None:
    """Return how many measured seconds there were until now if a block is cut; began: on perf_counter's scale."""
    return max(0.0, perf_counter() - began - plan.warm_up_s) if is_cut else None


def late_share(blocks: Sequence[BlockResult]) -> float:
    """Return the late arrivals of some blocks over all of them; of several workers, those of the worst."""
    late, due = Counter[str](), Counter[str]()
    for block in blocks:
        for one in block.workers or [Worker(name="", arrivals=block.arrivals, late=block.late, cpu=block.cpu)]:
            late[one.name] += one.late
            due[one.name] += one.arrivals
    return max((late[name] / due[name] for name in due if due[name]), default=0.0)


def lost_share(blocks: Sequence[BlockResult]) -> float:
    """Return the arrivals that lost workers took with them over all that were due."""
    lost = sum(one.arrivals for block in blocks for one in block.lost_workers)
    return lost / max(1, lost + sum(block.arrivals for block in blocks))
