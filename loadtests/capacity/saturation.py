"""What a side used during a probe, and which resource was saturated: CPU, database connections, locks, concurrency limit."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from statistics import mean
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any

import psutil
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from loadtests import processes
from loadtests.load import BlockResult

SAMPLE_EVERY_S = 0.1
IDLE_SAMPLE_S, IDLE_CORES = 0.2, 0.3  # an idle local AWS polls its queues
GENERATOR, POSTGRES, WEB = "load generator", "PostgreSQL", "gunicorn workers"
STARTER, GATEWAY, FUNCTIONS = "starter of the local AWS", "local AWS's gateway", "function workers"
MACHINE, PROCESS = 0.9, 0.9  # share of all cores; share of one core, because a Python process cannot use more
CONNECTIONS, LOCKS = (
    0.5,
    1.0,
)  # share of samples with all connections busy; mean number of transactions that wait for a lock
REFUSED = 0.01  # share of the offered requests
THROTTLED = ("status 429", "status 503")
ACTIVITY = text(
    "SELECT count(*) FILTER (WHERE state <> 'idle'), count(*) FILTER (WHERE wait_event_type = 'Lock') FROM pg_stat_activity "
    "WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
)
Connections = tuple[int, int]  # busy ones, and those of them that wait for a lock


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Use during the measured seconds of a probe. machine: share of all cores. cores: by process group.

    busiest: cores of the busiest process of each group. connections: samples of the database.
    """

    machine: float
    cores: dict[str, float]
    busiest: dict[str, float]
    connections: Sequence[Connections] = ()


@dataclass(frozen=True, slots=True)
class _Sample:
    """Processor time so far: of the machine, and of each process with its group."""

    at: float
    total: float
    idle: float
    by_process: dict[psutil.Process, tuple[str, float]]


class Meter:
    """Measure the processes of systems, by mark, and of the load generator. database: its connections are sampled too."""

    def __init__(self, marks: Sequence[str], database: Engine | None = None) -> None:
        self._leaders = [process for members in processes.by_mark(marks).values() for process in members]
        self._database = database
        self.usage: Usage | None = None

    @contextmanager
    def over(self, *, after_s: float, lasting_s: float) -> Iterator[None]:
        """Measure during a block of code, from `after_s` on for `lasting_s`. The result is in `usage`."""
        self.usage, ended = None, Event()
        thread = Thread(target=self._measure, args=(ended, after_s, lasting_s), daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def await_idle(self, *, within_s: float) -> None:
        """Wait until the systems are nearly idle, so that one probe leaves no work to the next."""
        until, before = monotonic() + within_s, self._sample()
        while monotonic() < until:
            sleep(IDLE_SAMPLE_S)
            after = self._sample()
            if sum(_usage(before, after, ()).cores.values()) < IDLE_CORES:
                return
            before = after

    def _measure(self, ended: Event, after_s: float, lasting_s: float) -> None:
        if ended.wait(after_s):
            return
        before, connections = self._sample(), list[Connections]()
        until = monotonic() + lasting_s
        while monotonic() < until and not ended.wait(min(SAMPLE_EVERY_S, max(0.0, until - monotonic()))):
            if self._database and (sample := _connections(self._database)):
                connections.append(sample)
        self.usage = _usage(before, self._sample(), connections)

    def _sample(self) -> _Sample:
        times, by_process = psutil.cpu_times(), {}
        for process, group in self._processes():
            with suppress(psutil.NoSuchProcess):
                used = process.cpu_times()
                by_process[process] = (group, used.user + used.system)
        return _Sample(monotonic(), sum(times), times.idle + getattr(times, "iowait", 0.0), by_process)

    def _processes(self) -> Iterator[tuple[psutil.Process, str]]:
        """Yield the systems' processes, including detached ones, and our other children: the load generator's."""
        systems = {process for leader in self._leaders for process in processes.family(leader)}
        for process in systems:
            with suppress(psutil.NoSuchProcess):
                yield process, _group(process)
        for process in set(psutil.Process().children(recursive=True)) - systems:
            yield process, GENERATOR


def evidence(
    blocks: Sequence[BlockResult], usages: Sequence[Usage], *, rate: float, limit: int, floor_broken: Sequence[str]
) -> tuple[str, dict[str, Any]]:
    """Return what was saturated at a rate, as a sentence and as figures.

    limit: concurrent requests of the side. floor_broken: limits that an empty function broke at the same rate.
    """
    if not usages:
        return "What saturated is unknown: the system was not started on this machine.", {}
    samples = [sample for usage in usages for sample in usage.connections]
    refused = sum(count for block in blocks for why, count in block.reasons.items() if why.endswith(THROTTLED))
    figures = {
        "rate": round(rate, 1),
        "machine": round(mean(usage.machine for usage in usages), 3),
        "cores": _average([usage.cores for usage in usages]),
        "busiest": _average([usage.busiest for usage in usages]),
        "connections_all_busy": round(mean(busy >= limit for busy, _ in samples), 3) if samples and limit else None,
        "waiting_for_locks": round(mean(waiting for _, waiting in samples), 2) if samples else None,
        "throttled": round(refused / max(1, sum(block.offered for block in blocks)), 4),
        "at_once": limit,
    }
    return _sentence(figures, floor_broken), figures


def _sentence(figures: Mapping[str, Any], floor_broken: Sequence[str]) -> str:
    saturated = "; ".join(_saturated(figures, floor_broken))
    if saturated:
        return f"Saturated at {figures['rate']:.0f} a second: {saturated}."
    process, share = max(figures["busiest"].items(), key=lambda one: one[1], default=("none", 0.0))
    parts = [f"machine {_percent(figures['machine'])} busy", f"busiest process {share:.2f} of a core ({process})"]
    if figures["connections_all_busy"] is not None:
        parts.append(f"all database connections busy in {_percent(figures['connections_all_busy'])} of the samples")
    return f"Nothing measured was saturated at {figures['rate']:.0f} a second: {', '.join(parts)}."


def _saturated(figures: Mapping[str, Any], floor_broken: Sequence[str]) -> Iterator[str]:
    if figures["machine"] >= MACHINE:
        groups = sorted(figures["cores"].items(), key=lambda one: -one[1])
        shares = ", ".join(f"{group} {cores:.2f}" for group, cores in groups if cores >= 0.05)
        yield f"the machine, {_percent(figures['machine'])} of its cores in use ({shares} cores)"
    for group, share in figures["busiest"].items():
        if share >= PROCESS:
            yield f"one process of the {group}, at {share:.2f} of the one core that it can use"
    if (figures["connections_all_busy"] or 0) >= CONNECTIONS:
        yield f"database connections, all {figures['at_once']} busy in {_percent(figures['connections_all_busy'])} of the samples"
    if (figures["waiting_for_locks"] or 0) >= LOCKS:
        yield f"database locks, with {figures['waiting_for_locks']:.1f} waiting transactions on average"
    if figures["throttled"] >= REFUSED:
        yield f"the concurrency limit ({figures['at_once']}), which refused {100 * figures['throttled']:.1f} % of the requests"
    if floor_broken:
        yield f"the gateway: an empty function behind it breaks the level too ({', '.join(floor_broken)})"


def _connections(database: Engine) -> Connections | None:
    """Return the busy and the waiting connections, or None if the database does not answer. Takes a millisecond."""
    try:
        with database.connect() as connection:
            busy, waiting = connection.execute(ACTIVITY).one()
    except OperationalError:
        return None
    return busy, waiting


def _group(process: psutil.Process) -> str:
    """Return the part of a system that a process belongs to."""
    words = process.cmdline()
    if process.name().startswith("postgres"):
        return POSTGRES
    if "monolith" in words:
        return WEB
    if "microservices" in words:
        return STARTER
    parent = process.parent()
    return GATEWAY if parent and "microservices" in parent.cmdline() else FUNCTIONS


def _usage(before: _Sample, after: _Sample, connections: Sequence[Connections]) -> Usage:
    """Return the use between two samples. Processes that ended between them are missing."""
    seconds, total = after.at - before.at, after.total - before.total
    cores, busiest = defaultdict[str, float](float), defaultdict[str, float](float)
    for process, (group, used) in after.by_process.items():
        share = (used - before.by_process.get(process, (group, 0.0))[1]) / seconds
        cores[group] += share
        busiest[group] = max(busiest[group], share)
    machine = 1 - (after.idle - before.idle) / total if total else 0.0
    return Usage(machine=machine, cores=dict(cores), busiest=dict(busiest), connections=connections)


def _average(each: Sequence[Mapping[str, float]]) -> dict[str, float]:
    groups = sorted({group for one in each for group in one})
    return {group: round(mean(one.get(group, 0.0) for one in each), 3) for group in groups}


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
