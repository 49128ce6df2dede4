"""Latencies and outcomes of open load, counted from Locust's `request` events and merged by its worker reports."""

from argparse import Namespace
from dataclasses import dataclass, field
from time import perf_counter, time
from typing import Any

import msgspec
from locust.env import Environment
from locust.exception import CatchResponseError
from locust.runners import MasterRunner, WorkerRunner

from loadtests.calls import Outcome
from loadtests.load import BlockResult, LoadPlan, LoadStart, LostWorker
from loadtests.tally import DROPPED, Tally

START = "load_start"  # the option in which a master sends its workers the LoadStart
REPORT = "open_load"  # the part of a worker report that holds the counts


class Failure(CatchResponseError):
    """A request that is not a success, as Locust's statistics show it."""

    def __init__(self, outcome: str, reason: str) -> None:
        super().__init__(f"{outcome}: {reason}")
        self.outcome, self.reason = outcome, reason


@dataclass(slots=True)
class LoadRun:
    """One run in this process: its number, its plan, and the progress of OpenLoad. begin: on perf_counter's scale.

    ended: no arrival follows. Locust may start a user afterwards, in place of one of a worker that has quit.
    """

    number: int
    plan: LoadPlan
    begun: bool = False
    ended: bool = False
    begin: float = field(default_factory=perf_counter)


@dataclass(slots=True, kw_only=True)
class Member:
    """The reports of one worker to the master in one run. reported_s: time of the last one, after the start."""

    id: str
    name: str
    plan: LoadPlan
    tally: Tally
    done: bool = False
    cpu: float = 0.0
    reported_s: float = 0.0


class Latencies:
    """Count the requests of an environment's open runs. Create it after the runner: it needs the runner's listeners first."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.run: LoadRun | None = None
        self.members: dict[str, Member] = {}
        self._tally = Tally(0)
        self._cpu, self._last_s = 0.0, -1.0
        events: Any = environment.events  # its listeners have no types
        events.test_start.add_listener(self._begin)
        events.request.add_listener(self._count)
        events.report_to_master.add_listener(self._report)
        events.worker_report.add_listener(self._merge)
        events.test_stop.add_listener(self._end)

    @property
    def begin(self) -> float:
        """The start of the run in this process, on perf_counter's scale."""
        assert self.run is not None  # noqa: S101 - it is read after a run
        return self.run.begin

    @property
    def complete(self) -> bool:
        """Whether every worker has reported the end of its part, except those that are lost.

        The number of users is not enough: on a busy machine a master may see workers run before it sees their users.
        """
        runner = self.environment.runner
        if not isinstance(runner, MasterRunner):
            return True
        lost = {client.id for client in runner.clients.missing}
        return all(member.done for id, member in self.members.items() if id in runner.clients and id not in lost)

    def result(self) -> BlockResult:
        """Return the result so far. Every worker that has not reported the end of its part counts as lost."""
        assert self.run is not None  # noqa: S101 - no result without a run
        total = Tally(self.run.plan.warm_up_s)
        for tally in [self._tally, *(member.tally for member in self.members.values())]:
            total.merge(tally.counts.items())
        block = total.block()
        block.cpu = max([self._cpu, *(member.cpu for member in self.members.values())])
        elapsed_s = perf_counter() - self.begin
        block.began = time() - elapsed_s
        block.lost_workers = [_lost(member, elapsed_s) for member in self.members.values() if not member.done]
        return block

    def _begin(self, **_: object) -> None:
        """Take the plan of the run from the options: the whole on a master, its part on a worker."""
        runner, self.run, self.members = self.environment.runner, None, {}
        content = getattr(self.environment.parsed_options, START, b"")
        if not content:
            return
        start = msgspec.msgpack.decode(content, type=LoadStart)
        plan = start.plan
        if isinstance(runner, MasterRunner):
            self.members = {id: _member(id, runner, start) for id in _clients(runner)}
        elif isinstance(runner, WorkerRunner):
            if runner.worker_index not in start.workers:  # the worker joined after the start
                return
            plan = start.part_of(runner.worker_index)
        self.run, self._tally = LoadRun(start.number, plan), Tally(plan.warm_up_s)
        self._cpu, self._last_s = 0.0, -1.0

    def _end(self, **_: object) -> None:
        """Record that this process has stopped its users, so its next report is its last."""
        if self.run:
            self.run.ended = True

    def _count(
        self, name: str, response_time: float | None, context: dict[str, Any], exception: Any = None, **_: object
    ) -> None:
        """Count a request of an open run. Other requests have no offset in their context."""
        offset_s = context.get("offset_s")
        if offset_s is None:
            return
        if context.get("late"):
            self._tally.late(offset_s)
        if offset_s > self._last_s and "cpu" in context:
            self._last_s, self._cpu = offset_s, context["cpu"]
        outcome, reason = _outcome(exception)
        if outcome != Outcome.SUCCESS or not context.get("messages"):  # a live message counts when it arrives
            self._tally.add(name, offset_s, response_time or 0.0, outcome=outcome, reason=reason)

    def _report(self, data: dict[str, Any], **_: object) -> None:
        if self.run:
            self.run.ended |= self.run.begun and not self.environment.runner.user_count  # type: ignore[union-attr]
            data[REPORT] = [self.run.number, self.run.ended, self._cpu, self._tally.take()]

    def _merge(self, client_id: str, data: dict[str, Any], **_: object) -> None:
        number, done, cpu, counts = data.get(REPORT) or (0, False, 0.0, [])
        member = self.members.get(client_id)
        if member and self.run and number == self.run.number:
            member.tally.merge((tuple(event), count) for event, count in counts)
            member.done, member.cpu = done, cpu
            member.reported_s = perf_counter() - self.run.begin


def publish(environment: Environment, plan: LoadPlan, number: int) -> None:
    """Put the plan of the next run into the options, which a master sends to its workers."""
    runner = environment.runner
    if isinstance(runner, MasterRunner):
        indexes = tuple(runner.get_worker_index(id) for id in _clients(runner))  # type: ignore[no-untyped-call]
        start = LoadStart(number=number, plan=plan, workers=indexes)
    else:
        start = LoadStart(number=number, plan=plan)
    environment.parsed_options = environment.parsed_options or Namespace(headless=False, enable_rebalancing=False)
    setattr(environment.parsed_options, START, msgspec.msgpack.encode(start))  # JSON has no infinity


def clear(environment: Environment) -> None:
    """Clear the plan of the last run, so that the next one has none until it is published."""
    setattr(environment.parsed_options, START, b"")


def _clients(runner: MasterRunner) -> list[str]:
    return [client.id for client in runner.clients.all if client in runner.clients.ready]


def _member(id: str, runner: MasterRunner, start: LoadStart) -> Member:
    index = runner.get_worker_index(id)  # type: ignore[no-untyped-call]
    name = f"worker {index + 1} on {id.rpartition('_')[0]}"  # Locust's own id ends with 32 hexadecimal digits
    return Member(id=id, name=name, plan=start.part_of(index), tally=Tally(start.plan.warm_up_s))


def _lost(member: Member, elapsed_s: float) -> LostWorker:
    unknown = member.plan.due(elapsed_s) - member.tally.arrivals()
    return LostWorker(name=member.name, at_s=round(member.reported_s, 1), arrivals=max(0, unknown))


def _outcome(exception: Any) -> tuple[str, str]:
    if exception is None:
        return Outcome.SUCCESS.value, ""
    if isinstance(exception, Failure):
        return exception.outcome, "" if exception.outcome == DROPPED else exception.reason
    return Outcome.ERROR.value, str(exception)
