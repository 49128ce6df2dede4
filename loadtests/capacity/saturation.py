"""The processor use of a side during a probe, and what was saturated: the machine, one process, or the concurrency limit."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from statistics import mean
from time import monotonic, sleep

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
    """Processor use during a probe. machine: share of all cores. cores: of all processes. busiest: process of each group."""

    machine: float
    cores: float
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
        cores, busiest = 0.0, defaultdict[str, float](float)
        for process, (group, used) in after.by_process.items():
            share = (used - self.by_process.get(process, (group, 0.0))[1]) / seconds
            cores += share
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
        """Wait until the system is nearly idle, so that one probe leaves no work to the next."""
        until, before = monotonic() + within_s, self.sample()
        while monotonic() < until:
            sleep(IDLE_SAMPLE_S)
            after = self.sample()
            if before.usage(after).cores < IDLE_CORES:
                return
            before = after

    def _processes(self) -> Iterator[tuple[psutil.Process, str]]:
        """Yield the system's processes, including detached ones, and our other children: the load generator's."""
        system = {process for leader in self._leaders for process in processes.family(leader)}
        for process in system:
            with suppress(psutil.NoSuchProcess):
                yield process, role_of(process)
        for process in set(psutil.Process().children(recursive=True)) - system:
            yield process, GENERATOR


def saturated(blocks: Sequence[BlockResult], usages: Sequence[Usage], *, rate: float, limit: int) -> str:
    """Return what was saturated at a rate, in a sentence. limit: concurrent requests of the side."""
    if not usages:
        return "What saturated is unknown: the system was not started on this machine."
    machine = mean(usage.machine for usage in usages)
    groups = sorted({group for usage in usages for group in usage.busiest})
    busiest = {group: mean(usage.busiest.get(group, 0.0) for usage in usages) for group in groups}
    reasons = [f"the machine, {_percent(machine)} of its cores in use"] if machine >= MACHINE else []
    reasons += [
        f"one process of the {group}, at {share:.2f} of the one core that it can use"
        for group, share in busiest.items()
        if share >= PROCESS
    ]
    reasons += _throttled(blocks, limit)
    if reasons:
        return f"Saturated at {rate:.0f} a second: {'; '.join(reasons)}."
    process, share = max(busiest.items(), key=lambda one: one[1], default=("none", 0.0))
    return (
        f"No processor was saturated at {rate:.0f} a second: machine {_percent(machine)} busy, busiest process {share:.2f} of a "
        f"core ({process}). Requests waited for something else, such as a lock or a connection."
    )


def _throttled(blocks: Sequence[BlockResult], limit: int) -> Iterator[str]:
    refused = sum(count for block in blocks for why, count in block.reasons.items() if why.endswith(THROTTLED))
    share = refused / max(1, sum(block.offered for block in blocks))
    if share >= REFUSED:
        yield f"the concurrency limit ({limit}), which refused {100 * share:.1f} % of the requests"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
