"""`python -m loadtests coldstarts`: the cost of a function's first invocation, compared with a warm one.

Imports: the handler's module in the unpacked zip, with the function's environment and the interpreter of the local AWS.
Invocations: the hooks of `explain` time them in each function's process. In each round every function starts anew, then the
seeded data and some requests reach all of them. The first invocation is compared with later ones of the same route or source.
live-connections has no such times: the local AWS writes no log for WebSocket invocations.
"""

import argparse
import json
import os
import subprocess
import sys
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, sleep, time
from typing import Any, NamedTuple

from rich.console import Console

from loadtests import calls, processes, settings, systems
from loadtests.calls import Call
from loadtests.chapter import measure_chapter
from loadtests.client import open_client, succeed
from loadtests.data import seeding
from loadtests.data.world import World
from loadtests.explain.layer import add_hooks
from loadtests.explain.traces import Root, from_logs
from loadtests.live.subscriber import subscribe
from loadtests.local_aws import STAGE, client, errors_as
from loadtests.progress import ProgressDisplay
from microservices.deploy import package_cache, packages
from microservices.deploy.emulator_process import INTERPRETER
from microservices.deploy.site_repository import SiteRepository
from microservices.deploy.site_trigger import last_push

ROUNDS = 3
SIZE = seeding.Size(accounts=3, posts=5, votes=8)
REPEATS = 3  # of each request, for warm times
SETTLE_S = 1.5  # views are buffered for half a second
LIST_POSTS = Call(operation="GET /posts", path="/posts", check=calls.unchecked)  # of an empty monolith
PROGRAM = """
import time
began, clients_s = time.perf_counter(), 0.0
import boto3
make = boto3.client
def timed(*names, **options):
    global clients_s
    start = time.perf_counter()
    try:
        return make(*names, **options)
    finally:
        clients_s += time.perf_counter() - start
boto3.client = timed
import {module}
print((time.perf_counter() - began - clients_s) * 1000, clients_s * 1000)
"""
MONOLITH_PROGRAM = """
import time
began = time.perf_counter()
import monolith.__main__
print((time.perf_counter() - began) * 1000, 0)
"""


class Imports(NamedTuple):
    """The time to import a handler in a fresh process, without the clients that its modules create, and that of the clients."""

    import_ms: float
    client_ms: float


@dataclass(slots=True)
class Invocations:
    """The durations of a function's invocations in milliseconds: the first of each process, and later ones of that kind."""

    first_ms: list[float] = field(default_factory=list)
    warm_ms: list[float] = field(default_factory=list)


@dataclass(slots=True)
class ColdStartResults:
    """What is measured so far, by function; `monolith` is one of them."""

    rounds: int
    imports: dict[str, list[Imports]] = field(default_factory=lambda: defaultdict(list))
    invocations: dict[str, Invocations] = field(default_factory=lambda: defaultdict(Invocations))
    package_mb: dict[str, float] = field(default_factory=dict)

    def figures(self) -> dict[str, Any]:
        """Return the chapter of report.json."""
        return {
            "rounds": self.rounds,
            "functions": {name: self._row(name) for name in sorted(self.imports) if name != systems.MONOLITH.name},
            "monolith": self._row(systems.MONOLITH.name) if systems.MONOLITH.name in self.imports else None,
            "origin": "emulated",
        }

    def _row(self, name: str) -> dict[str, Any]:
        imports, invocations = self.imports[name], self.invocations[name]
        return {
            "import_ms": _median(one.import_ms for one in imports),
            "client_ms": _median(one.client_ms for one in imports),
            "first_ms": _median(invocations.first_ms),
            "warm_ms": _median(invocations.warm_ms),
            "package_mb": self.package_mb.get(name),
        }


def register(verb: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    verb.add_argument(
        "--rounds", type=settings.whole(1, 100), default=ROUNDS, help=f"cold starts of each function ({ROUNDS})"
    )
    settings.add_destination(verb)
    verb.set_defaults(command=run)


def run(options: argparse.Namespace, console: Console) -> int:
    """Measure and write the chapter."""
    run_dir, results = settings.run_directory("coldstarts"), ColdStartResults(options.rounds)
    return measure_chapter(
        "cold_starts", settings.destination(options), console, run_dir=run_dir,
        measure=lambda display: measure(run_dir, results, display), figures=lambda: results.figures() if results.imports else {},
    )  # fmt: skip


def measure(run_dir: Path, measured: ColdStartResults, display: ProgressDisplay) -> None:
    """Start each side, run all rounds and fill in the figures. Raise SystemFailed or CallFailed."""
    with display.phase("monolith: cold starts", measured.rounds) as done:
        for _ in range(measured.rounds):
            measured.imports[systems.MONOLITH.name].append(import_monolith())
            _start_monolith(run_dir, measured.invocations[systems.MONOLITH.name])
            done()
    with systems.running(run_dir, [systems.MICROSERVICES]):
        state = json.loads(systems.MICROSERVICES.state(run_dir).read_text())
        with display.phase("microservices: imports", measured.rounds) as done, TemporaryDirectory() as folder:
            environments = _environments(state["endpoint"])
            for package in package_cache.get_packages():
                measured.package_mb[package.function] = round(package.zip.stat().st_size / 1e6, 2)
                with zipfile.ZipFile(package.zip) as archive:
                    archive.extractall(Path(folder) / package.function)
            for _ in range(measured.rounds):
                for name, module in packages.handlers().items():
                    once = import_handler(module, Path(folder) / name, environments[name])
                    measured.imports[name].append(once)
                done()
        with display.phase("microservices: cold starts", measured.rounds) as done:
            for number in range(measured.rounds):
                add_invocations(_invoke_all(state, run_dir, number), measured.invocations)
                done()


def import_handler(module: str, place: Path, environment: Mapping[str, str]) -> Imports:
    """Import a handler's module from its unpacked zip, as a function does, and time it."""
    return _import(str(INTERPRETER), PROGRAM.format(module=module), place, environment)


def import_monolith() -> Imports:
    """Import the monolith as its server does, and time it."""
    return _import(sys.executable, MONOLITH_PROGRAM, processes.ROOT, {})


def add_invocations(roots: Iterable[Root], invocations: dict[str, Invocations]) -> None:
    """Add the first invocation of each process, and the later ones with the same route or event source."""
    processes: dict[tuple[str, int], list[Any]] = defaultdict(list)
    for top in (root[0] for root in roots if root[0].kind == "function"):
        processes[top.service, top.process].append(top)
    for (service, _), tops in processes.items():
        first, *later = sorted(tops, key=lambda top: top.start_ns)
        invocations[service].first_ms.append(first.ms)
        invocations[service].warm_ms += [top.ms for top in later if top.name == first.name]


def requests(world: World) -> Iterator[Call]:
    """Yield the requests for functions that the seeding does not reach."""
    yield Call(operation="GET /health", path="/health", check=calls.unchecked)
    yield calls.search(world.hot.title)
    yield calls.trending()
    yield calls.leaderboard()


def _invoke_all(state: Mapping[str, str], run_dir: Path, number: int) -> list[Root]:
    """Start every function anew, reach all of them, and return their spans."""
    began, functions = time(), client("lambda", state["endpoint"])
    add_hooks(state["endpoint"])
    with subscribe(state["live_url"], [["posts"]] * REPEATS):  # live-connections, and clients for live-broadcast
        world = seeding.seed(state["url"], SIZE, run=f"{int(began):x}{number}", done=lambda: None, at_once=1)
        with open_client(state["url"]) as api:
            for call in requests(world):
                for _ in range(REPEATS):
                    succeed(api, call)
    push = json.dumps(last_push(SiteRepository(run_dir.resolve() / "microservices" / "site.git")))
    with errors_as("the site's publisher cannot be invoked"):
        for _ in range(REPEATS):
            functions.invoke(FunctionName=f"{STAGE}-site-publisher", Payload=push)
    sleep(SETTLE_S)
    return from_logs(client("logs", state["endpoint"]), since_ms=int(began * 1000))


def _start_monolith(run_dir: Path, invocations: Invocations) -> None:
    """Time the first request and the next ones of a process: one connection stays with one worker."""
    with systems.running(run_dir, [systems.MONOLITH]) as urls, open_client(urls[systems.MONOLITH.name]) as api:
        times = []
        for _ in range(1 + REPEATS):
            began = perf_counter()
            succeed(api, LIST_POSTS)
            times.append((perf_counter() - began) * 1000)
    invocations.first_ms.append(times[0])
    invocations.warm_ms += times[1:]


def _environments(endpoint: str) -> dict[str, dict[str, str]]:
    """Return the variables of each function, by its name without the stage."""
    pages = client("lambda", endpoint).get_paginator("list_functions").paginate()
    return {
        one["FunctionName"].removeprefix(f"{STAGE}-"): one.get("Environment", {}).get("Variables", {})
        for page in pages
        for one in page["Functions"]
    }


def _import(interpreter: str, program: str, place: Path, environment: Mapping[str, str]) -> Imports:
    variables = {
        "PATH": os.environ["PATH"],
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_LAMBDA_FUNCTION_NAME": place.name,
        **environment,
    }
    ran = subprocess.run(
        [interpreter, "-c", program], cwd=place, env=variables, capture_output=True, text=True, check=False
    )
    if ran.returncode:
        raise systems.SystemFailed(f"{place.name} cannot be imported: {ran.stderr.splitlines()[-1]}")
    return Imports(*map(float, ran.stdout.splitlines()[-1].split()))


def _median(values: Iterable[float]) -> float | None:
    known = list(values)
    return round(median(known), 2) if known else None
