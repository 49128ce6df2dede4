"""The processor use of a side during a probe, and what was saturated: the machine, one process, or the concurrency limit."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from statistics import mean
from time import monotonic, sleep
from typing import Any

import psutil

from loadtests import processes
from loadtests.load import BlockResult
from loadtests.resources import role_of

IDLE_SAMPLE_S, IDLE_CORES = 0.2, 0.3  # an idle local AWS polls its queues
GENERATOR = "load generator"
MACHINE, PROCESS = 0.9, 0.9  # share of all cores; share of one core, because a Python process cannot use more
REFUSED = 0.01  # share of the offered requests
THROTTLED = ("status 429", "status 503")


@dataclass(frozen=True, slots=True)
class Usage:
    """Processor use during a probe. machine: share of all cores. cores: by process group. busiest: its busiest process."""

    machine: float
    cores: Mapping[str, float]
    busiest: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Sample:
    """Processor time so far: of the machine, and of each process with its group."""

    at: float
    total: float
    idle: float
    by_process: dict[psutil.Process, tuple[str, float]]

    def usage(self, after: "Sample") -> Usage:
        """Return the use until a later sample. Processes that ended between them are missing."""
        seconds, total = after.at - self.at, after.total - self.total
        cores, busiest = defaultdict[str, float](float), defaultdict[str, float](float)
        for process, (group, used) in after.by_process.items():
            share = (used - self.by_process.get(process, (group, 0.0))[1]) / seconds
            cores[group] += share
            busiest[group] = max(busiest[group], share)
        return Usage(1 - (after.idle - self.idle) / total if total else 0.0, cores, busiest)


class Meter:
    """Measure the processes of a system, and of the load generator. leaders: the system's; their descendants count too."""

    def __init__(self, leaders: Sequence[psutil.Process]) -> None:
        self._leaders = leaders

    def sample(self) -> Sample:
        """Return the processor time so far."""
        times, by_process = psutil.cpu_times(), {}
        for process, group in self._processes():
            with suppress(psutil.NoSuchProcess):
                used = process.cpu_times()
                by_process[process] = (group, used.user + used.system)
        return Sample(monotonic(), sum(times), times.idle + getattr(times, "iowait", 0.0), by_process)

    def await_idle(self, *, within_s: float) -> None:
        """Wait until the systems are nearly idle, so that one probe leaves no work to the next."""
        until, before = monotonic() + within_s, self.sample()
        while monotonic() < until:
            sleep(IDLE_SAMPLE_S)
            after = self.sample()
            if sum(before.usage(after).cores.values()) < IDLE_CORES:
                return
            before = after

    def _processes(self) -> Iterator[tuple[psutil.Process, str]]:
        """Yield the systems' processes, including detached ones, and our other children: the load generator's."""
        systems = {process for leader in self._leaders for process in processes.family(leader)}
        for process in systems:
            with suppress(psutil.NoSuchProcess):
                yield process, role_of(process)
        for process in set(psutil.Process().children(recursive=True)) - systems:
            yield process, GENERATOR


def evidence(
    blocks: Sequence[BlockResult], usages: Sequence[Usage], *, rate: float, limit: int
) -> tuple[str, dict[str, Any]]:
    """Return what was saturated at a rate, as a sentence and as figures. limit: concurrent requests of the side."""
    if not usages:
        return "What saturated is unknown: the system was not started on this machine.", {}
    refused = sum(count for block in blocks for why, count in block.reasons.items() if why.endswith(THROTTLED))
    figures: dict[str, Any] = {
        "rate": round(rate, 1),
        "machine": round(mean(usage.machine for usage in usages), 3),
        "cores": _average([usage.cores for usage in usages]),
        "busiest": _average([usage.busiest for usage in usages]),
        "throttled": round(refused / max(1, sum(block.offered for block in blocks)), 4),
        "at_once": limit,
    }
    if saturated := "; ".join(_saturated(figures)):
        return f"Saturated at {rate:.0f} a second: {saturated}.", figures
    process, share = max(figures["busiest"].items(), key=lambda one: one[1], default=("none", 0.0))
    return (
        f"No processor was saturated at {rate:.0f} a second: machine {_percent(figures['machine'])} busy, busiest process "
        f"{share:.2f} of a core ({process}). Requests waited for something else, such as a lock or a connection."
    ), figures


def _saturated(figures: Mapping[str, Any]) -> Iterator[str]:
    if figures["machine"] >= MACHINE:
        groups = sorted(figures["cores"].items(), key=lambda one: -one[1])
        shares = ", ".join(f"{group} {cores:.2f}" for group, cores in groups if cores >= 0.05)
        yield f"the machine, {_percent(figures['machine'])} of its cores in use ({shares} cores)"
    for group, share in figures["busiest"].items():
        if share >= PROCESS:
            yield f"one process of the {group}, at {share:.2f} of the one core that it can use"
    if figures["throttled"] >= REFUSED:
        yield f"the concurrency limit ({figures['at_once']}), which refused {100 * figures['throttled']:.1f} % of the requests"


def _average(each: Sequence[Mapping[str, float]]) -> dict[str, float]:
    groups = sorted({group for one in each for group in one})
    return {group: round(mean(one.get(group, 0.0) for one in each), 3) for group in groups}


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
