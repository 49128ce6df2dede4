"""Start both systems with hooks, call every operation on both, and write chapters of the report: the parts of each journey, cold
starts, metering and the forecasts that follow from it.

A journey is shown as the calls that it consists of, each the fastest of its operation in the tours. Seeding starts the functions,
and a first tour is a warm-up. A write waits until the effects of those before it are over.
"""

import argparse
from contextlib import ExitStack
from typing import Any

from rich.console import Console

from loadtests import report, systems
from loadtests.data.world import World
from loadtests.explain import traced
from loadtests.explain.breakdown import cold_starts, figures
from loadtests.explain.tour import STEPS, Tours, walk_tours
from loadtests.explain.traces import Forest, TimedCall
from loadtests.files import destination, run_directory
from loadtests.forecast.chapters import chapters
from loadtests.journeys import JOURNEYS, operations_of
from loadtests.metering import chapter as metering
from loadtests.metering.counts import CHAPTER as METERING
from loadtests.processes import on_sides
from loadtests.progress import ProgressDisplay
from loadtests.provenance import origin_of, origin_of_both
from loadtests.report import add_destination, measure_chapter
from loadtests.results import SIDES

CHAPTER = "explain"
ABOUT = """Start both systems with tracing hooks, call every operation on both, and show the parts of each journey's time, down
to the line of code. The times are those of single calls, not of a load."""


def register(verb: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    verb.description = ABOUT
    add_destination(verb)
    verb.set_defaults(command=run)


def run(options: argparse.Namespace, console: Console) -> int:
    """Start two systems, run the tours and write the chapters."""
    run_dir, folder, explained = run_directory(CHAPTER), destination(options), dict[str, Any]()

    def measure(display: ProgressDisplay) -> None:
        with ExitStack() as stack:
            with display.phase("start both systems"):
                urls = stack.enter_context(systems.running(run_dir, traced.SYSTEMS))

            def prepare(side: str) -> World:
                if side == systems.MICROSERVICES.name:
                    traced.start_with_hooks(run_dir)
                return traced.seed_one(urls[side])

            with display.phase("hooks around the functions, and the same data on both sides"):
                worlds = on_sides(SIDES, prepare)
            with display.phase("every operation on both sides", STEPS) as done:
                tours = walk_tours(dict.fromkeys(SIDES, run_dir), worlds, done=done)
            with display.phase("figures"):
                metered = metering.chapter(tours)
                started = cold_starts(metered["functions"], traced.spans_of("microservices", run_dir))
                # Also bill and scale: those of a report follow from its metering.
                report.add_chapters(folder, {METERING: metered, "cold_starts": started, **chapters(metered)})
                explained.update(chapter(tours, urls))

    return measure_chapter(CHAPTER, folder, console, run_dir=run_dir, measure=measure, figures=lambda: explained)


def chapter(tours: Tours, urls: dict[str, str]) -> dict[str, Any]:
    """Return the chapter `explain` of report.json."""
    return {
        "origin": origin_of_both(*urls.values()),
        "origins": {side: origin_of(urls[side]) for side in SIDES},
        "journeys": figures(
            {side: calls_of_journeys(tours, side) for side in SIDES},
            {side: Forest(tours.roots(side)) for side in SIDES},
        ),
    }


def calls_of_journeys(tours: Tours, side: str) -> dict[str, list[TimedCall]]:
    """Return the calls that each journey consists of on one side: of each operation the fastest, which nothing disturbed."""
    walked, fastest = tours.walked[side], dict[str, TimedCall]()
    for call in sorted(walked.calls, key=lambda call: -call.ms):
        fastest[call.operation] = call
    return {
        name: [fastest[operation] for operation in operations_of(journey, tours.worlds[side], walked.answers, seed=1)]
        for name, journey in JOURNEYS.items()
    }
