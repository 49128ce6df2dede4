"""What a probe takes of this machine while it is measured: processor time by group of processes, and the database's connections."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Thread
from time import monotonic, sleep

import psutil

from loadtests import processes

LOOK_EVERY_S = 0.1
REST_LOOK_S, AT_REST = 0.2, 0.3  # seconds, and cores: the local AWS takes some of one for looking at its queues
GENERATOR, POSTGRES, WEB = "load generator", "PostgreSQL", "gunicorn workers"
STARTER, GATEWAY, FUNCTIONS = "what started the local AWS", "local AWS's gateway", "function workers"


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the database: client connections that are busy, and those of them that wait for a lock."""

    busy: int
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What was used in the measured seconds of a probe. machine: share of all cores. cores: by group, in cores.
    busiest: by group, in cores, of the one process that took most."""

    machine: float
    cores: dict[str, float]
    busiest: dict[str, float]
    looks: Sequence[Look] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class _Taken:
    """The processor time up to one moment: of the machine, all and idle, and of each process with its group."""

    at: float
    total: float
    idle: float
    by_process: dict[psutil.Process, tuple[str, float]]


class Meter:
    """Watches this process's own and those of the systems that it started while a probe lasts. marks: of these systems."""

    def __init__(self, marks: Sequence[str], look: Callable[[], Look | None] | None = None) -> None:
        self._leaders = [each for family in processes.carrying(marks).values() for each in family]
        self._look = look
        self.usage: Usage | None = None

    @contextmanager
    def over(self, *, after_s: float, lasting_s: float) -> Iterator[None]:
        """Measure for so long, beginning after so long, beside the block of code; `usage` has it afterwards."""
        self.usage, ended = None, Event()
        watching = Thread(target=self._watch, args=(ended, after_s, lasting_s), daemon=True)
        watching.start()
        try:
            yield
        finally:
            ended.set()
            watching.join()

    def rest(self, *, within_s: float) -> None:
        """Wait until the systems have hardly anything to do: what one probe leaves to be done must not fall into the next."""
        until, before = monotonic() + within_s, self._taken()
        while monotonic() < until:
            sleep(REST_LOOK_S)
            after = self._taken()
            if sum(_between(before, after, ()).cores.values()) < AT_REST:
                return
            before = after

    def _watch(self, ended: Event, after_s: float, lasting_s: float) -> None:
        if ended.wait(after_s):
            return
        before, looks = self._taken(), list[Look]()
        until = monotonic() + lasting_s
        while monotonic() < until and not ended.wait(min(LOOK_EVERY_S, until - monotonic())):
            if self._look and (seen := self._look()):
                looks.append(seen)
        self.usage = _between(before, self._taken(), looks)

    def _taken(self) -> _Taken:
        times = psutil.cpu_times()
        found = {}
        for process, group in self._ours():
            with suppress(psutil.NoSuchProcess):
                used = process.cpu_times()
                found[process] = (group, used.user + used.system)
        return _Taken(monotonic(), sum(times), times.idle + getattr(times, "iowait", 0.0), found)

    def _ours(self) -> Iterator[tuple[psutil.Process, str]]:
        """The systems' processes, some of which detached themselves from us, and those that remain: the generator's."""
        systems = {each for leader in self._leaders for each in processes.family(leader)}
        for process in systems:
            with suppress(psutil.NoSuchProcess):
                yield process, group_of(process)
        for process in set(psutil.Process().children(recursive=True)) - systems:
            yield process, GENERATOR


def group_of(process: psutil.Process) -> str:
    """Return which part of a system a process is."""
    words = process.cmdline()
    if process.name().startswith("postgres"):
        return POSTGRES
    if "monolith" in words:
        return WEB
    if "microservices" in words:
        return STARTER
    above = process.parent()
    return GATEWAY if above and "microservices" in above.cmdline() else FUNCTIONS


def _between(before: _Taken, after: _Taken, looks: Sequence[Look]) -> Usage:
    """Processes that began meanwhile count from their begin; of those that ended nothing is known."""
    seconds, total = after.at - before.at, after.total - before.total
    cores, busiest = defaultdict[str, float](float), defaultdict[str, float](float)
    for process, (group, used) in after.by_process.items():
        share = (used - before.by_process.get(process, (group, 0.0))[1]) / seconds
        cores[group] += share
        busiest[group] = max(busiest[group], share)
    return Usage(
        machine=1 - (after.idle - before.idle) / total if total else 0.0,
        cores=dict(cores),
        busiest=dict(busiest),
        looks=looks,
    )
