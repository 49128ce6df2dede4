"""Deliver events with the faults that AWS permits: late, repeated and reordered messages, and functions that end at any point.

| fault | what happens |
|---|---|
| late | the next batch is chosen at random, so a message may be overtaken by everything that was sent after it |
| doubled | a topic or a bucket sends the same event twice |
| lost | a batch is received and not handled; it is redelivered |
| repeated | a batch is handled and redelivered all the same |
| interrupted | the function's process ends before or after one of its calls took effect; the batch is redelivered |
| given up | a stream's batch failed too often; later its records are redelivered one by one (microservices/replay.py) |
| overtaken | between two calls of a function or request, other functions run, also the same function in another process |

Two guarantees of AWS hold: a shard is read in order and continues only after a batch was handled or given up, and a record gets
a number of tries. So no record has so many faults that it uses up its tries.
"""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from tests.contract.backlogs import NONE, Backlog, InvocationBacklog, StreamBacklog, identifiers
from tests.contract.event_routing import EventRouting
from tests.contract.record_sources import Bucket, Record, Topic

SHARDS = 2  # of each table's stream
MAX_DEPTH = 3  # functions that run at once
SPARED_TRIES = 2  # of a record's tries: a function that is overtaken may also fail by itself
LOST, REPEATED, INTERRUPTED, GIVEN_UP = "lost", "repeated", "interrupted", "given up"
# Batches that are delivered while a function waits for one call; thirty can settle everything.
OVERTAKING_BATCHES = (1, 1, 3, 30)
CALLS_UP_TO = (2, 5, 12)  # a fault hits one of the first calls: some functions make two, others ten
FAULTS = (None, None, LOST, REPEATED, INTERRUPTED, INTERRUPTED, INTERRUPTED, INTERRUPTED, GIVEN_UP)
Result = TypeVar("Result")
Point = tuple[str, str, str]  # function, operation, before or after it took effect


class Interrupted(BaseException):
    """The process ended. No code catches it, because no code survives the end of its process."""


@dataclass
class Running:
    """An invocation or a request: how many calls it made, where it is interrupted, where others overtake it."""

    name: str
    end: tuple[int, str] | None
    gap: int
    calls: int = 0


class FaultInjector:
    """Deliver batches in random order. Under `watched_by` it interrupts functions at AWS calls and lets others overtake them."""

    def __init__(self, routing: EventRouting, chance: Random) -> None:
        self.log: list[str] = []
        self.seen: set[Point] = set()  # where functions and requests could have been interrupted
        self.interrupted: set[Point] = set()  # where they were
        self.records: list[Record] = []  # of all sources, each source in its order
        self._chance = chance
        self._sources = routing.sources.values()
        self._backlogs = list(routing.backlogs)
        self._given_up: dict[Backlog, InvocationBacklog] = {}
        self._tries: Counter[tuple[int, str]] = Counter()
        self._running: list[Running] = []
        self._thread = threading.current_thread()
        self._shards: dict[str, str] = {}
        for backlog in routing.backlogs:
            if isinstance(backlog, StreamBacklog):
                backlog.shard_of = self._shard_of
                self._given_up[backlog] = InvocationBacklog(backlog.reader)
        self._backlogs += self._given_up.values()

    def deliver_batch(self, first: str = "") -> bool:
        """Deliver one batch, with or without a fault, often to the function named `first`; return whether there was one."""
        self._collect()
        waiting = [backlog for backlog in self._backlogs if backlog.is_waiting()]
        if waiting:
            preferred = [backlog for backlog in waiting if backlog.reader.function.name == first]
            backlog = self._chance.choice(preferred if preferred and self._chance.random() < 0.5 else waiting)
            backlog.shuffle(self._chance)
            batch = backlog.take(self._chance.choice((1, 2, None)))
            backlog.settle(batch, self._deliver(backlog, batch))
        return bool(waiting)

    def request(self, name: str, serve: Callable[[], Result], *, may_interrupt: bool) -> Result:
        """Serve a request with faults. One that is interrupted is sent again, as a client does that gets no response."""
        end = self._choose_end() if may_interrupt and self._chance.random() < 0.2 else None
        try:
            return self._run(name, serve, end=end)
        except Interrupted:
            return self._run(name, serve, end=None)

    def before(self, operation: str) -> None:
        if not self._running or threading.current_thread() is not self._thread:
            return  # a request within a request is served by a thread of its own
        running = self._running[-1]
        running.calls += 1
        if running.calls == running.gap and len(self._running) < MAX_DEPTH:
            self.log.append(f"{running.name} is overtaken before {operation}")
            for _ in range(self._chance.choice(OVERTAKING_BATCHES)):
                self.deliver_batch(first=running.name)
        self._visit(running, operation, "before")

    def after(self, operation: str) -> None:
        if self._running and threading.current_thread() is self._thread:
            self._visit(self._running[-1], operation, "after")

    def _visit(self, running: Running, operation: str, when: str) -> None:
        point = (running.name, operation, when)
        self.seen.add(point)
        if running.end == (running.calls, when):
            self.interrupted.add(point)
            self.log.append(f"{running.name} is interrupted {when} {operation}")
            raise Interrupted

    def _deliver(self, backlog: Backlog, batch: Sequence[Record]) -> AbstractSet[str]:
        """Deliver a batch, with or without a fault; return the ids of the records that are redelivered."""
        function, every = backlog.reader.function, identifiers(batch)
        fault = self._chance.choice(FAULTS) if self._may_fail(backlog, batch) else None
        self.log.append(f"{function.name}: {len(batch)} of {', '.join(sorted(every))}, {fault or 'no fault'}")
        if fault == LOST:
            return every
        if fault == GIVEN_UP and backlog in self._given_up:
            for record in batch:
                self._given_up[backlog].put(record)
            return NONE
        try:
            end = self._choose_end() if fault == INTERRUPTED else None
            failed = self._run(function.name, lambda: backlog.reader.invoke(batch), end=end)
        except Interrupted:
            if self._chance.random() < 0.02:
                function.end()  # seldom, because each cold start costs as much as ten calls
            failed = every
        return every if fault == REPEATED else failed

    def _run(self, name: str, act: Callable[[], Result], *, end: tuple[int, str] | None) -> Result:
        running = Running(name, end=end, gap=self._choose_call())
        self._running.append(running)
        try:
            return act()
        finally:
            self._running.pop()

    def _choose_end(self) -> tuple[int, str]:
        return self._choose_call(), self._chance.choice(("before", "after"))

    def _choose_call(self) -> int:
        """Return the number of the call that a fault hits."""
        return self._chance.randint(1, self._chance.choice(CALLS_UP_TO))

    def _may_fail(self, backlog: Backlog, batch: Sequence[Record]) -> bool:
        tries = [(id(backlog), each) for each in identifiers(batch)]
        self._tries.update(tries)
        return max((self._tries[each] for each in tries), default=0) <= backlog.most_tries - SPARED_TRIES

    def _collect(self) -> None:
        """Put new records into the backlogs of their subscribers; those of a topic or bucket sometimes twice."""
        for source, subscribers in self._sources:
            new = source.take()
            self.records += new
            for record in new:
                for put in subscribers:
                    doubled = isinstance(source, Topic | Bucket) and self._chance.random() < 0.2
                    for _ in range(2 if doubled else 1):
                        put(record)

    def _shard_of(self, record: Record) -> str:
        """Return a shard for the record: only records of one partition key stay in order."""
        if "dynamodb" not in record:
            return str(record["eventID"]).partition(":")[0]
        key = str(record["dynamodb"]["Keys"]["pk"])
        return self._shards.setdefault(key, str(self._chance.randrange(SHARDS)))
