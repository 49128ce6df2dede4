"""Start both systems with hooks, walk each journey once while nothing else runs, and write the chapter of the report.
Then walk every operation for the chapter `metering` (tour.py).

Seeding starts the functions; their cold starts are reported apart. A first walk on both sides is a warm-up.
The second walk is reported. A pause after each write keeps its effects out of the next call.
"""

import argparse
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from time import sleep, time
from typing import Any

import msgspec
from rich.console import Console

from loadtests import processes, report, systems
from loadtests.client import open_client
from loadtests.data.world import World
from loadtests.explain import layer
from loadtests.explain.breakdown import figures
from loadtests.explain.tour import STEPS as METERING_STEPS
from loadtests.explain.tour import metering
from loadtests.explain.traced import SYSTEMS, endpoint_in, on_both_sides, read_spans, seed_both
from loadtests.explain.traces import Root
from loadtests.explain.walk import TimedCall, walk
from loadtests.forecast import latency
from loadtests.forecast.counts import CHAPTER as METERING
from loadtests.forecast.counts import Metering
from loadtests.forecast.parameters import load
from loadtests.journeys import JOURNEYS, Journey
from loadtests.progress import ProgressDisplay
from loadtests.report import measure_chapter
from loadtests.results import SIDES
from loadtests.settings import add_destination, destination, run_directory

CHAPTER = "explain"
ABOUT = """Start both systems with tracing hooks, walk each journey once on each idle system, and show the parts of its time, down
to the line of code. The times are those of one walk, not of a load."""
# So that the effects of a write are over before the next call.
PAUSE_S = {"monolith": 0.3, "microservices": 0.6}
# After the last call: views are buffered for half a second.
SETTLE_S = {"monolith": 0.7, "microservices": 1.5}


@dataclass(slots=True)
class Results:
    """The walks and spans so far. walks: the calls of each journey, by side. roots: by side, since the systems' start."""

    urls: dict[str, str] = field(default_factory=dict)
    walks: dict[str, dict[str, list[TimedCall]]] = field(default_factory=lambda: {side: {} for side in SIDES})
    roots: dict[str, list[Root]] = field(default_factory=dict)
    took_s: float = 0.0

    @property
    def journeys(self) -> list[str]:
        """The journeys that were walked on both sides."""
        return [name for name in self.walks[SIDES[0]] if name in self.walks[SIDES[1]]]

    def figures(self) -> dict[str, Any]:
        """Return the chapter of report.json."""
        both = {side: {name: self.walks[side][name] for name in self.journeys} for side in SIDES}
        return {**figures(both, self.roots, self.urls), "took_s": round(self.took_s, 1)}


def register(verb: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    verb.description = ABOUT
    verb.add_argument("--journey", action="append", choices=JOURNEYS, help="only this one; may be repeated")
    add_destination(verb)
    verb.set_defaults(command=run)


def run(options: argparse.Namespace, console: Console) -> int:
    """Start two systems, walk the journeys and write the chapter. After a failure or Ctrl-C, it has the complete journeys."""
    chosen = [JOURNEYS[name] for name in options.journey or JOURNEYS]
    run_dir, folder, results = run_directory(CHAPTER), destination(options), Results()

    def measure(display: ProgressDisplay) -> None:
        with ExitStack() as stack:
            with display.phase("start both systems"):
                urls = stack.enter_context(systems.running(run_dir, SYSTEMS))
            with display.phase("add hooks to the functions"):
                layer.add_hooks(endpoint_in(run_dir))
            worlds = explain(urls, chosen, run_dir, display, results)
            with display.phase("meter every operation on both sides", METERING_STEPS) as done:
                folders = dict.fromkeys(SIDES, run_dir)
                metered = metering(folders, urls, worlds, done=done)
                report.add_chapter(folder, METERING, metered)
                forecast = latency.chapter(msgspec.convert(metered, Metering), load())
                report.add_chapter(folder, latency.CHAPTER, forecast)

    return measure_chapter(
        CHAPTER, folder, console, run_dir=run_dir, measure=measure,
        figures=lambda: results.figures() if results.journeys else {},
    )  # fmt: skip


def explain(
    urls: dict[str, str], journeys: Sequence[Journey], run_dir: Path, display: ProgressDisplay, results: Results
) -> dict[str, World]:
    """Walk the journeys on running, traced systems and read their spans, also after a failure. Return the seeded data.

    Raise CallFailed if a call fails.
    """
    began, results.urls = time(), urls
    try:
        with display.phase("the same data on both sides"):
            worlds = seed_both(urls)
        with display.phase("warm up: each journey once on both sides"):
            on_both_sides(lambda side: _warm_up(urls[side], journeys, worlds[side], settle_s=SETTLE_S[side]))
        for side in SIDES:
            with open_client(urls[side]) as api, display.phase(f"{side}: each journey", len(journeys)) as done:
                for journey in journeys:
                    calls_made = walk(api, journey, worlds[side], seed=f"{journey.__name__} 2", pause_s=PAUSE_S[side])
                    results.walks[side][journey.__name__] = list(calls_made)
                    done()
                sleep(SETTLE_S[side])
        layer.write_held_spans(endpoint_in(run_dir))
    finally:
        with processes.ignore_interrupts():
            results.roots = read_spans(dict.fromkeys(SIDES, run_dir), since_s=began) if results.journeys else {}
        results.took_s = time() - began
    return worlds


def _warm_up(url: str, journeys: Sequence[Journey], world: World, *, settle_s: float) -> None:
    with open_client(url) as api:
        for journey in journeys:
            list(walk(api, journey, world, seed=f"{journey.__name__} 1", pause_s=0))
    sleep(settle_s)
