"""What each side may use, read from the running systems: how many requests at once, on which cores."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from loadtests import processes
from loadtests.floors.cloud import client, told
from loadtests.systems import MICROSERVICES, MONOLITH, System

HTTP = "-http"  # how the names of the functions end that answer HTTP


@dataclass(frozen=True, slots=True)
class Resources:
    """What one side has. at_once: requests that it answers at a time, by what answers them; empty where nobody can tell.

    cores: those that all its processes may run on. parts: what at_once follows from, for the report.
    """

    at_once: dict[str, int] = field(default_factory=dict)
    cores: tuple[int, ...] = ()
    parts: dict[str, int] = field(default_factory=dict)

    def in_words(self) -> str:
        """Return it in a few words."""
        if not self.at_once:
            return "unknown"
        most = " or ".join(str(each) for each in sorted(set(self.at_once.values())))
        made_of = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in self.parts.items())
        return f"{most} requests at once ({made_of}) on cores {', '.join(map(str, self.cores)) or 'unknown'}"


UNKNOWN = Resources()  # of a deployed system: it does not say


def of_system(system: System, run_dir: Path) -> Resources:
    """Return what a system has that runs in this run directory. Raise SystemFailed if it does not tell."""
    state = json.loads(system.state(run_dir).read_text())
    cores = _cores(processes.carrying([system.mark(run_dir)])[system.mark(run_dir)])
    if system.name == MONOLITH.name:
        workers, threads = len(_workers(state["pid"])), int(state["threads"])
        return Resources({"worker processes": workers * threads}, cores, {"workers": workers, "threads_each": threads})
    if system.name == MICROSERVICES.name:
        at_once = _reserved(state["url"])
        return Resources(at_once, cores, {"functions_that_answer_HTTP": len(at_once)})
    return UNKNOWN


def differences(found: Mapping[str, Resources]) -> list[str]:
    """Return in what the sides are not equal: nothing where they are, or where one does not tell."""
    known = {side: one for side, one in found.items() if one.at_once}
    if len(known) < len(found):
        return []
    said = "; ".join(f"{side} has {one.in_words()}" for side, one in known.items())
    at_once = {most for one in known.values() for most in one.at_once.values()}
    cores = {one.cores for one in known.values()}
    return [f"the resources are not equal: {said}"] if len(at_once) > 1 or len(cores) > 1 else []


def _workers(master: int) -> list[psutil.Process]:
    """Return gunicorn's workers: the children of its master that were forked from it, which its database was not."""
    leader = psutil.Process(master)
    workers = []
    for child in leader.children():
        with suppress(psutil.NoSuchProcess):
            if child.cmdline() == leader.cmdline() and child.status() != psutil.STATUS_ZOMBIE:
                workers.append(child)
    return workers


def _reserved(url: str) -> dict[str, int]:
    """Return the reserved concurrency of each function that answers HTTP, as the local AWS holds it to; 0 is no limit."""
    functions = client("lambda", "{0.scheme}://{0.netloc}".format(urlsplit(url)))
    with told("the local AWS does not say what its functions have"):
        pages = functions.get_paginator("list_functions").paginate()
        names = sorted(one["FunctionName"] for page in pages for one in page["Functions"])
        return {name: _limit(functions, name) for name in names if name.endswith(HTTP)}


def _limit(functions: Any, name: str) -> int:
    return int(functions.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions", 0))


def _cores(found: list[psutil.Process]) -> tuple[int, ...]:
    """Return the cores that every process may use; nothing where the system does not tell."""
    sets = []
    for process in found:
        with suppress(psutil.NoSuchProcess, AttributeError):
            sets.append(set(process.cpu_affinity() or ()))
    return tuple(sorted(set.intersection(*sets))) if sets else ()
