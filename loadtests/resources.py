"""Resources of the running systems: concurrent requests, cores, and CPU steal while they are under load."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from loadtests import processes
from loadtests.local_aws import client, endpoint_of, errors_as
from loadtests.results import UNKNOWN, Resources, Results
from loadtests.systems import MICROSERVICES, MONOLITH, System

HTTP = "-http"  # suffix of the functions that answer HTTP


def of_system(system: System, run_dir: Path) -> Resources:
    """Return the resources of a system that runs in this run directory. Raise SystemFailed if the local AWS does not answer."""
    state = json.loads(system.state(run_dir).read_text())
    cores = _cores(processes.by_mark([system.mark(run_dir)])[system.mark(run_dir)])
    if system.name == MONOLITH.name:
        workers, threads = len(_workers(state["pid"])), int(state["threads"])
        return Resources({"worker processes": workers * threads}, cores, {"workers": workers, "threads_each": threads})
    if system.name == MICROSERVICES.name:
        at_once = _reserved_concurrency(state["url"])
        return Resources(at_once, cores, {"functions_that_answer_HTTP": len(at_once)})
    return UNKNOWN


@contextmanager
def measure_cpu_steal(results: Results) -> Iterator[None]:
    """Store the CPU steal of a block of code in the results, where Linux counts it.

    CPU steal is processor time that the hypervisor gave to others. A burstable instance without credits shows it.
    """
    psutil.cpu_times_percent()  # the next call counts from here
    try:
        yield
    finally:
        results.cpu_steal = getattr(psutil.cpu_times_percent(), "steal", None)


def _workers(master: int) -> list[psutil.Process]:
    """Return gunicorn's workers: children with their master's command line. The database's processes have another."""
    leader = psutil.Process(master)
    workers = []
    for child in leader.children():
        with suppress(psutil.NoSuchProcess):
            if child.cmdline() == leader.cmdline() and child.status() != psutil.STATUS_ZOMBIE:
                workers.append(child)
    return workers


def _reserved_concurrency(url: str) -> dict[str, int]:
    """Return the reserved concurrency of each function that answers HTTP. 0 means no limit."""
    functions = client("lambda", endpoint_of(url))
    with errors_as("the local AWS does not list its functions"):
        pages = functions.get_paginator("list_functions").paginate()
        names = sorted(one["FunctionName"] for page in pages for one in page["Functions"])
        return {name: _limit(functions, name) for name in names if name.endswith(HTTP)}


def _limit(functions: Any, name: str) -> int:
    return int(functions.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions", 0))


def _cores(members: list[psutil.Process]) -> tuple[int, ...]:
    """Return the cores that every process may use, or nothing where the platform does not say."""
    affinities = []
    for process in members:
        with suppress(psutil.NoSuchProcess, AttributeError):
            affinities.append(set(process.cpu_affinity() or ()))
    return tuple(sorted(set.intersection(*affinities))) if affinities else ()
