"""`python -m loadtests coldstarts`: the cost of a function's first invocation, compared with a warm one.

The hooks of `explain` measure both in each function's process. In each round every function starts anew, then the seeded data and
some requests reach all of them. The first invocation is compared with later ones of the same route or source.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import time
from typing import Any

from rich.console import Console

from loadtests import calls, settings, systems
from loadtests.calls import Call
from loadtests.client import open_client, succeed
from loadtests.data import seeding
from loadtests.data.world import World
from loadtests.explain.traced import add_hooks, spans_of
from loadtests.explain.traces import Root
from loadtests.live.subscriber import subscribe
from loadtests.local_aws import STAGE, client, errors_as
from loadtests.progress import ProgressDisplay
from loadtests.report import measure_chapter
from microservices.deploy import package_cache
from microservices.deploy.site_repository import SiteRepository
from microservices.deploy.site_trigger import last_push

ROUNDS = 3
SIZE = seeding.Size(accounts=3, posts=5, votes=8)
REPEATS = 3  # of each request, for warm times


@dataclass(slots=True)
class Function:
    """What is measured of one function. init_cpu_ms: processor time of its INIT. first_ms: of each process. warm_ms: of later
    invocations of that kind."""

    init_cpu_ms: list[float] = field(default_factory=list)
    first_ms: list[float] = field(default_factory=list)
    warm_ms: list[float] = field(default_factory=list)


@dataclass(slots=True)
class ColdStartResults:
    """What is measured so far, by function."""

    rounds: int
    functions: defaultdict[str, Function] = field(default_factory=lambda: defaultdict(Function))
    package_mb: dict[str, float] = field(default_factory=dict)

    def add(self, roots: Iterable[Root]) -> None:
        """Add the INIT and the first invocation of each process, and the later ones with the same route or event source."""
        processes: defaultdict[tuple[str, int], list[Any]] = defaultdict(list)
        for top in (root[0] for root in roots):
            if top.kind == "cold start":
                self.functions[top.service].init_cpu_ms.append(top.counts["cpu_ms"])
            elif top.kind == "function":
                processes[top.service, top.process].append(top)
        for (service, _), tops in processes.items():
            first, *later = sorted(tops, key=lambda top: top.start_ns)
            self.functions[service].first_ms.append(first.ms)
            self.functions[service].warm_ms += [top.ms for top in later if top.name == first.name]

    def figures(self) -> dict[str, Any]:
        """Return the chapter of report.json, empty before the first round ends."""
        rows = {
            name: {
                **_median("init_cpu_ms", one.init_cpu_ms),
                **_median("first_ms", one.first_ms),
                **_median("warm_ms", one.warm_ms),
                "package_mb": self.package_mb.get(name),
            }
            for name, one in sorted(self.functions.items())
        }
        return {"rounds": self.rounds, "functions": rows, "origin": "emulated"} if rows else {}


def register(verb: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    rounds = f"cold starts of each function ({ROUNDS})"
    verb.add_argument("--rounds", type=settings.number(1, 100, int), default=ROUNDS, help=rounds)
    settings.add_destination(verb)
    verb.set_defaults(command=run)


def run(options: argparse.Namespace, console: Console) -> int:
    """Measure and write the chapter."""
    run_dir, results = settings.run_directory("coldstarts"), ColdStartResults(options.rounds)
    return measure_chapter(
        "cold_starts", settings.destination(options), console, run_dir=run_dir,
        measure=lambda display: measure(run_dir, results, display), figures=results.figures,
    )  # fmt: skip


def measure(run_dir: Path, results: ColdStartResults, display: ProgressDisplay) -> None:
    """Start the services and run all rounds. Raise SystemFailed or CallFailed."""
    with display.phase("start the microservices"):
        packages = package_cache.get_packages()
        results.package_mb |= {one.function: round(one.zip.stat().st_size / 1e6, 2) for one in packages}
    with systems.running(run_dir, [systems.MICROSERVICES]):
        state = json.loads(systems.MICROSERVICES.state(run_dir).read_text())
        with display.phase("microservices: cold starts", results.rounds) as done:
            for number in range(results.rounds):
                results.add(_invoke_all(state, run_dir, number))
                done()


def requests(world: World) -> Iterator[Call]:
    """Yield the requests for functions that the seeding does not reach."""
    yield Call(operation="GET /health", path="/health", check=calls.unchecked)
    yield calls.search(world.hot.title)
    yield calls.trending()
    yield calls.leaderboard()


def _invoke_all(state: Mapping[str, str], run_dir: Path, number: int) -> list[Root]:
    """Start every function anew, reach all of them, and return their spans."""
    began = time()
    add_hooks(run_dir)
    with subscribe(state["live_url"], [["posts"]] * REPEATS):  # live-connections, and clients for live-broadcast
        world = seeding.seed(state["url"], SIZE, run=f"{int(began):x}{number}", done=lambda: None, at_once=1)
        with open_client(state["url"]) as api:
            for call in requests(world):
                for _ in range(REPEATS):
                    succeed(api, call)
    push = json.dumps(last_push(SiteRepository(run_dir.resolve() / "microservices" / "site.git")))
    with errors_as("the site's publisher cannot be invoked"):
        for _ in range(REPEATS):
            client("lambda", state["endpoint"]).invoke(FunctionName=f"{STAGE}-site-publisher", Payload=push)
    return [root for root in spans_of("microservices", run_dir) if root[0].start_ns > began * 1e9]


def _median(name: str, values: list[float]) -> dict[str, Any]:
    """Return the median of a few values and their range, which says more than another percentile of them."""
    if not values:
        return {name: None}
    return {name: round(median(values), 2), f"{name}_range": [round(min(values), 2), round(max(values), 2)]}
