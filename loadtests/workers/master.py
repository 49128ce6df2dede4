"""The master: splits a plan among the workers that are there, and adds up what they count.

Each arrival of the plan is one worker's: number n belongs to worker n modulo their number. A worker that is lost takes its
arrivals with it: what it told is counted, the rest is in no count but that of the lost.
"""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from math import ceil
from time import perf_counter, sleep
from typing import Any

from gevent.event import Event
from locust.env import Environment
from locust.runners import STATE_MISSING
from msgspec import Struct

from loadtests.generator.tally import Tally
from loadtests.load import LIVE, BlockResult, LoadPlan, LostWorker, cut_at
from loadtests.processes import ROOT
from loadtests.workers.crew import Member
from loadtests.workers.messages import DONE, GO, PART, PREPARE, READY, Done, Part, Prepare, Told, heard, sent

LOOPBACK = "127.0.0.1"
THERE_WITHIN_S = 120.0
LOOK_EVERY_S = 0.2
ENDED_WITHIN_S = 5.0


class NoWorkers(Exception):
    """Workers did not come, or none is left."""


class Master:
    """Runs plans on workers: own ones on this machine, or such as come to an address from others."""

    def __init__(self, workers: int, bind: tuple[str, int] | None = None) -> None:
        """Wait until so many are there: own ones, or with `bind` those that come to this host and port. Raise NoWorkers."""
        self._runner = Environment(user_classes=[]).create_master_runner(*(bind or (LOOPBACK, 0)))
        self._news = Event()
        self._block = 0
        self._crew: dict[str, Member] = {}
        self._left: list[LostWorker] = []
        self._cut = False
        for kind, listener in ((READY, self._ready), (PART, self._part), (DONE, self._done)):
            self._runner.register_message(kind, listener)
        own = f"{LOOPBACK}:{self._runner.server.port}"
        self._own = [] if bind else [_started(own) for _ in range(workers)]
        self._gather(workers)

    def run(self, plan: LoadPlan) -> BlockResult:
        """Offer one block on all workers and return what came of it. Raise NoWorkers if none is left."""
        crew = self._made_ready(plan)
        begin = perf_counter()
        for member in crew:
            member.heard_at = begin
            self._tell(GO, member, Told(self._block))
        self._await(lambda: self._cut or all(member.done or self._is_lost(member) for member in crew))
        lost = [member.gone(begin) for member in crew if member.lost]
        block = _added_up(plan, crew, [*self._taken(), *lost])
        block.ended_at_s = cut_at(self._cut, plan, began=begin)
        return block

    def stop_early(self) -> None:
        """End the block that is under way; `run` returns what the workers told of it so far. They end with the master."""
        self._cut = True
        self._news.set()

    def close(self) -> None:
        """Let all workers go and end the own ones."""
        self._runner.quit()
        for process in self._own:
            try:
                process.wait(timeout=ENDED_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()

    def _made_ready(self, plan: LoadPlan) -> list[Member]:
        """Return those who are ready for their part; whoever is lost before gets none, and the others all of the plan."""
        while True:
            there = self._there()
            if not there:
                raise NoWorkers("no worker of the load generator is left")
            crew = self._split(plan, there[:1] if plan.scenario == LIVE else there)
            self._await(lambda crew=crew: all(member.ready or self._is_lost(member) for member in crew))  # type: ignore[misc]
            if not any(member.lost for member in crew):
                return crew
            self._left += [LostWorker(name=one.name, at_s=0.0, arrivals=0) for one in crew if one.lost]

    def _split(self, plan: LoadPlan, ids: list[str]) -> list[Member]:
        self._block += 1
        self._crew = {}
        for number, one in enumerate(ids):
            seed = f"{plan.seed} of {number}" if number else plan.seed
            part = replace(
                plan, part=number, parts=len(ids), seed=seed, max_in_flight=ceil(plan.max_in_flight / len(ids))
            )
            self._crew[one] = Member(
                id=one, name=self._name(one), share=sum(1 for _ in part.arrivals()), tally=Tally(plan.warm_up_s, plan.timeout_ms)
            )  # fmt: skip
            self._tell(PREPARE, self._crew[one], Prepare(self._block, part))
        return list(self._crew.values())

    def _ready(self, msg: Any, **_: object) -> None:
        if member := self._of(msg, heard(msg, Told).block):
            member.ready = True

    def _part(self, msg: Any, **_: object) -> None:
        part = heard(msg, Part)
        if member := self._of(msg, part.block):
            member.take(part)

    def _done(self, msg: Any, **_: object) -> None:
        done = heard(msg, Done)
        if (member := self._of(msg, done.block)) and not member.lost:
            member.done = done

    def _of(self, msg: Any, block: int) -> Member | None:
        """Return who sent a message if it is about the present block."""
        self._news.set()
        return self._crew.get(msg.node_id) if block == self._block else None

    def _there(self) -> list[str]:
        return [one.id for one in self._runner.clients.ready]

    def _is_lost(self, member: Member) -> bool:
        known = self._runner.clients.get(member.id)
        member.lost = member.lost or (not member.done and (known is None or known.state == STATE_MISSING))
        return member.lost

    def _name(self, one: str) -> str:
        """Locust names a worker by its host and a number that nobody can remember."""
        number = self._runner.get_worker_index(one) + 1  # type: ignore[no-untyped-call]
        return f"worker {number} on {one.rpartition('_')[0]}"

    def _tell(self, kind: str, member: Member, content: Struct) -> None:
        self._runner.send_message(kind, sent(content), client_id=member.id)

    def _taken(self) -> list[LostWorker]:
        left, self._left = self._left, []
        return left

    def _gather(self, workers: int) -> None:
        deadline = perf_counter() + THERE_WITHIN_S
        while (there := len(self._there())) < workers:
            if perf_counter() > deadline or any(process.poll() is not None for process in self._own):
                raise NoWorkers(f"{there} of {workers} workers came")
            sleep(LOOK_EVERY_S)

    def _await(self, holds: Callable[[], bool]) -> None:
        while not holds():
            self._news.wait(timeout=LOOK_EVERY_S)
            self._news.clear()


def _started(master: str) -> subprocess.Popen[bytes]:
    """Start a worker on this machine. It ends with its master: that one ends it, and so does the end of their process group."""
    return subprocess.Popen([sys.executable, "-m", "loadtests.workers.worker", "--master", master], cwd=ROOT)


def _added_up(plan: LoadPlan, crew: list[Member], lost: list[LostWorker]) -> BlockResult:
    whole = next((one.done.measured for one in crew if one.done and one.done.measured), None)
    total = Tally(plan.warm_up_s, plan.timeout_ms)
    for member in crew:
        total.merge(member.tally.counts.items())
    block = whole or total.block()
    block.cpu = max(member.done.cpu if member.done else 0.0 for member in crew)
    block.workers = [] if whole else [member.shown() for member in crew]
    block.lost_workers = lost
    return block
