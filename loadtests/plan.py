"""What the generator process is told and what it tells: one JSON line each way and block."""

from dataclasses import dataclass, field

from loadtests.world import World

VOID_ABOVE_CPU = 0.85
LIVE = "live"
NOBODY = World((), ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One block of load.

    rate: arrivals a second, whatever the answers do. warm_up_s comes before duration_s and counts apart.
    seed: the same seed walks the same journeys. in_flight: arrivals beyond this many open ones are dropped.
    patience_ms: an answer later than this after its intended start is an error, however right.
    scenario: a name of journeys.SCENARIOS, or LIVE; with `path` set, plain GETs of that path instead (a floor).
    live_url, subscribers: of the live feed and its audience, for LIVE.
    """

    base_url: str
    rate: float
    duration_s: float
    warm_up_s: float
    seed: str
    scenario: str = ""
    path: str = ""
    in_flight: int = 200
    patience_ms: float = 5_000
    world: World = NOBODY
    live_url: str = ""
    subscribers: int = 0


@dataclass(slots=True, kw_only=True)
class Second:
    """The latencies whose intended start fell into one second of the block, for the chart over time."""

    at_s: int
    p50_ms: float
    p95_ms: float
    count: int


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
    offered: int
    late_ticks: int
    cpu: float


@dataclass(slots=True, kw_only=True)
class LostWorker:
    """A worker that was lost within a block, so many seconds after it began, measured or warm-up.

    arrivals: those that it was to start and of which it told nothing. They are in no other count.
    """

    name: str
    at_s: float
    arrivals: int


@dataclass(slots=True, kw_only=True)
class Block:
    """What one block measured, warm-up excluded. latencies: of every request but refusals and wrong answers.

    cpu: the generator's own share of one core; of several workers, the highest. late_ticks: arrivals that started over
    10 ms after their time. reasons: why requests were refused or failed, and how often.
    """

    offered: int = 0
    right: int = 0
    refused: int = 0
    errors: int = 0
    dropped: int = 0
    late_ticks: int = 0
    cpu: float = 0.0
    latencies: str = ""
    by_operation: dict[str, str] = field(default_factory=dict)
    seconds: list[Second] = field(default_factory=list)
    reasons: dict[str, int] = field(default_factory=dict)
    warm_up_p95_ms: float = 0.0
    live: Live | None = None
    workers: list[Worker] = field(default_factory=list)
    lost_workers: list[LostWorker] = field(default_factory=list)

    @property
    def late_share(self) -> float:
        """Late arrivals over those offered; of several workers, the highest."""
        pairs = [(one.late_ticks, one.offered) for one in self.workers] or [(self.late_ticks, self.offered)]
        return max(late / max(1, offered) for late, offered in pairs)

    @property
    def void(self) -> bool:
        """Whether the generator was too busy to be believed."""
        return self.cpu > VOID_ABOVE_CPU
