"""Delivery that keeps what AWS promises and nothing more: messages come late, twice and in any order, and functions end anywhere.

| mishap | what happens |
|---|---|
| late | whatever waits is chosen by chance, so a message may be overtaken by everything that came after it |
| doubled | a topic or a bucket tells the same thing twice |
| lost | a batch is taken and handed to nobody; it comes again |
| repeated | a batch is handled, and comes again all the same |
| cut off | the function's process is gone before or after one of its calls took effect; the batch comes again |
| given up | a batch of a stream failed too often; later somebody gives its records back, one by one (microservices/replay.py) |
| overtaken | between two calls of a function, or of a request, other functions run, the same one in another process too |

Kept are the order of a stream's shard, which goes on only after a batch is handled or given up, and the number of tries after
which a record is given up for good: so many mishaps never befall one record.
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
DEEPEST = 3  # functions that run at once
SPARED_TRIES = 2  # of those that a record has: a function may fail by itself, where others overtake it
LOST, REPEATED, CUT_OFF, GIVEN_UP = "lost", "repeated", "cut off", "given up"
GAPS = (1, 1, 3, 30)  # batches that are handed over while a function waits for one call: in thirty all may be settled
SPANS = (2, 5, 12)  # calls within which something befalls a function: some make two, others ten
MISHAPS = (None, None, LOST, REPEATED, CUT_OFF, CUT_OFF, CUT_OFF, CUT_OFF, GIVEN_UP)
Result = TypeVar("Result")
Point = tuple[str, str, str]  # function, operation, before or after it took effect


class Ended(BaseException):
    """The process is gone. Nobody catches this, as nobody catches a power cut."""


@dataclass
class Running:
    """An invocation, or a request: how far it is, where it ends, where others overtake it."""

    name: str
    end: tuple[int, str] | None
    gap: int
    calls: int = 0


class Storm:
    """Deliver in random order. As a watch of AWS calls it interrupts functions and lets others overtake them."""

    def __init__(self, wires: EventRouting, chance: Random) -> None:
        self.log: list[str] = []
        self.met: set[Point] = set()  # where functions and requests could have been cut off
        self.cut: set[Point] = set()  # where they were
        self.told: list[Record] = []  # by all sources, in the order in which it happened in each
        self._chance = chance
        self._sources = wires.sources.values()
        self._inboxes = list(wires.backlogs)
        self._given_up: dict[Backlog, InvocationBacklog] = {}
        self._tries: Counter[tuple[int, str]] = Counter()
        self._running: list[Running] = []
        self._thread = threading.current_thread()
        self._shards: dict[str, str] = {}
        for backlog in wires.backlogs:
            if isinstance(backlog, StreamBacklog):
                backlog.shard_of = self._shard_of
                self._given_up[backlog] = InvocationBacklog(backlog.reader)
        self._inboxes += self._given_up.values()

    def blow(self, first: str = "") -> bool:
        """Hand one batch over, well or not, often to the function named first; return whether any waited."""
        self._pour()
        waiting = [backlog for backlog in self._inboxes if backlog.is_waiting()]
        if waiting:
            preferred = [backlog for backlog in waiting if backlog.reader.function.name == first]
            backlog = self._chance.choice(preferred if preferred and self._chance.random() < 0.5 else waiting)
            backlog.shuffle(self._chance)
            batch = backlog.take(self._chance.choice((1, 2, None)))
            backlog.settle(batch, self._handed_over(backlog, batch))
        return bool(waiting)

    def request(self, name: str, serve: Callable[[], Result], *, may_end: bool) -> Result:
        """Serve a request while the storm blows. One that is cut off is sent again, as a client does that hears nothing."""
        end = self._end() if may_end and self._chance.random() < 0.2 else None
        try:
            return self._run(name, serve, end=end)
        except Ended:
            return self._run(name, serve, end=None)

    def before(self, operation: str) -> None:
        if not self._running or threading.current_thread() is not self._thread:
            return  # a request within a request is served by a thread of its own
        running = self._running[-1]
        running.calls += 1
        if running.calls == running.gap and len(self._running) < DEEPEST:
            self.log.append(f"{running.name} is overtaken before {operation}")
            for _ in range(self._chance.choice(GAPS)):
                self.blow(first=running.name)
        self._meet(running, operation, "before")

    def after(self, operation: str) -> None:
        if self._running and threading.current_thread() is self._thread:
            self._meet(self._running[-1], operation, "after")

    def _meet(self, running: Running, operation: str, when: str) -> None:
        point = (running.name, operation, when)
        self.met.add(point)
        if running.end == (running.calls, when):
            self.cut.add(point)
            self.log.append(f"{running.name} is cut off {when} {operation}")
            raise Ended

    def _handed_over(self, backlog: Backlog, batch: Sequence[Record]) -> AbstractSet[str]:
        """Hand a batch over, well or not; return what of it comes again."""
        function, every = backlog.reader.function, identifiers(batch)
        mishap = self._chance.choice(MISHAPS) if self._may_fail(backlog, batch) else None
        self.log.append(f"{function.name}: {len(batch)} of {', '.join(sorted(every))}, {mishap or 'well'}")
        if mishap == LOST:
            return every
        if mishap == GIVEN_UP and backlog in self._given_up:
            for record in batch:
                self._given_up[backlog].put(record)
            return NONE
        try:
            end = self._end() if mishap == CUT_OFF else None
            failed = self._run(function.name, lambda: backlog.reader.invoke(batch), end=end)
        except Ended:
            if self._chance.random() < 0.02:
                function.end()  # seldom, for each cold start costs as much as ten calls
            failed = every
        return every if mishap == REPEATED else failed

    def _run(self, name: str, act: Callable[[], Result], *, end: tuple[int, str] | None) -> Result:
        running = Running(name, end=end, gap=self._call())
        self._running.append(running)
        try:
            return act()
        finally:
            self._running.pop()

    def _end(self) -> tuple[int, str]:
        return self._call(), self._chance.choice(("before", "after"))

    def _call(self) -> int:
        """Return which of a function's calls something befalls."""
        return self._chance.randint(1, self._chance.choice(SPANS))

    def _may_fail(self, backlog: Backlog, batch: Sequence[Record]) -> bool:
        tries = [(id(backlog), each) for each in identifiers(batch)]
        self._tries.update(tries)
        return max((self._tries[each] for each in tries), default=0) <= backlog.most_tries - SPARED_TRIES

    def _pour(self) -> None:
        """Tell what is new to all who follow it; what is told at least once, now and then twice."""
        for source, followers in self._sources:
            news = source.take()
            self.told += news
            for record in news:
                for put in followers:
                    doubled = isinstance(source, Topic | Bucket) and self._chance.random() < 0.2
                    for _ in range(2 if doubled else 1):
                        put(record)

    def _shard_of(self, record: Record) -> str:
        """Spread items over shards: only records of one partition key keep their order."""
        if "dynamodb" not in record:
            return str(record["eventID"]).partition(":")[0]
        key = str(record["dynamodb"]["Keys"]["pk"])
        return self._shards.setdefault(key, str(self._chance.randrange(SHARDS)))
