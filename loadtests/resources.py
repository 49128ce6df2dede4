"""Processes and resources of the running systems: roles, concurrent requests, cores, and CPU steal while they are under load."""

import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from loadtests import systems
from loadtests.local_aws import client, endpoint_of, errors_as, functions_of
from loadtests.results import UNKNOWN, Resources, Results
from loadtests.systems import MICROSERVICES, MONOLITH, System

HTTP = "-http"  # suffix of the functions that answer HTTP
SUPERVISOR, POSTGRES, MASTER, WEB = "supervisor", "PostgreSQL", "monolith's master", "web workers"
STARTER, GATEWAY, FUNCTIONS = "starter of the local AWS", "local AWS's gateway", "function workers"


def of_system(system: System, run_dir: Path) -> Resources:
    """Return the resources of a system that runs in this run directory. Raise SystemFailed if the local AWS does not answer."""
    state = json.loads(system.state(run_dir).read_text(encoding="utf-8"))
    cores = _cores(systems.members(system, run_dir))
    if system.name == MONOLITH.name:
        workers, threads = len(roles(system, run_dir)[WEB]), int(state["threads"])
        return Resources({"worker processes": workers * threads}, cores, {"workers": workers, "threads_each": threads})
    if system.name == MICROSERVICES.name:
        at_once = _reserved_concurrency(state["url"])
        return Resources(at_once, cores, {"functions_that_answer_HTTP": len(at_once)})
    return UNKNOWN


def roles(system: System, run_dir: Path) -> dict[str, list[psutil.Process]]:
    """Return the processes of a running system by role. Roles without a process have an empty list."""
    by_role = defaultdict[str, list[psutil.Process]](list)
    for process in systems.members(system, run_dir):
        with suppress(psutil.NoSuchProcess):
            by_role[role_of(process)].append(process)
    return by_role


def role_of(process: psutil.Process) -> str:
    """Return what a process of a system does. Raise NoSuchProcess if it has ended."""
    words, parent = process.cmdline(), process.parent()
    if process.name().startswith("postgres"):
        return POSTGRES
    if "loadtests.supervisor" in words:
        return SUPERVISOR
    if function_of(process):
        return FUNCTIONS
    if "microservices" in words:
        return STARTER
    above = parent.cmdline() if parent else []
    if "loadtests.supervisor" in above:
        return MASTER
    return GATEWAY if "microservices" in above else WEB


def function_of(process: psutil.Process) -> str:
    """Return the name of the function that a process runs, or nothing."""
    try:
        return str(process.environ().get("AWS_LAMBDA_FUNCTION_NAME", ""))
    except psutil.Error:  # it has ended, or is a zombie
        return ""


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


def _reserved_concurrency(url: str) -> dict[str, int]:
    """Return the reserved concurrency of each function that answers HTTP. 0 means no limit."""
    functions = client("lambda", endpoint_of(url))
    names = sorted(one["FunctionName"] for one in functions_of(endpoint_of(url)))
    with errors_as("the local AWS does not say the concurrency of its functions"):
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
