"""`python -m loadtests drill`: inject the same faults into both sides under load, and show how each fails and recovers.

Both systems start once and run at the same time. After a side has not recovered, its other drills are left out.
"""

import argparse
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from time import time
from typing import Any

from rich.console import Console

from loadtests import arguments, files, systems
from loadtests.data import seeding
from loadtests.drill import monolith
from loadtests.drill.faults import FAULTS, Fault
from loadtests.drill.run import MIX, Side, drill
from loadtests.drill.services import Services
from loadtests.load_process import LoadProcess
from loadtests.processes import on_sides
from loadtests.progress import ProgressDisplay
from loadtests.provenance import origin_of
from loadtests.report import add_destination, measure_chapter
from loadtests.results import SIDES

CHAPTER = "drills"
ABOUT = """Start both systems, load them with the ordinary journeys, and inject one fault after the other into both. Show what users
saw, how long it lasted, what was lost or doubled, and what had to be repaired by hand. Exit status 1 if anything was lost or
doubled, or a side did not recover."""
SIZE = seeding.Size(accounts=12, posts=40, votes=100)
WARM_UP_S = 3.0
BROKEN = 1
NAMES = [fault.name for fault in FAULTS]
Figures = dict[str, Any]


@dataclass(slots=True)
class Results:
    """The drills so far, by fault and side. lost: by side, the fault from which it did not recover."""

    rate: float
    origins: dict[str, str] = field(default_factory=dict)
    drills: dict[str, dict[str, Figures]] = field(default_factory=dict)
    lost: dict[str, str] = field(default_factory=dict)

    @property
    def kept(self) -> bool:
        """Whether every side recovered, and nothing was lost or doubled."""
        done = [one for sides in self.drills.values() for one in sides.values() if not one["reason"]]
        return not self.lost and not any(any(one["lost_or_doubled"].values()) for one in done)

    def figures(self) -> Figures:
        """Return the chapter of report.json, empty before the first drill."""
        return {"rate": self.rate, "mix": MIX, "origins": self.origins, "drills": self.drills} if self.drills else {}

    def run(self, side: Side, fault: Fault) -> Figures:
        """Run one drill, unless its side did not recover from an earlier one."""
        if side.name in self.lost:
            return {"reason": f"it did not recover from {self.lost[side.name]}"}
        figures = drill(side, fault)
        if not figures["reason"] and figures["caught_up_s"] is None:
            self.lost[side.name] = fault.name
        return figures


def register(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = ABOUT
    parser.add_argument("--fault", action="append", choices=NAMES, help="only this one; may be repeated")
    parser.add_argument("--side", choices=SIDES, help="only this side")
    parser.add_argument("--rate", type=arguments.RATE, default=10.0, help="arrivals a second on each side (10)")
    parser.add_argument("--votes", type=arguments.RATE, default=5.0, help="votes of the audit a second, each side (5)")
    times = arguments.number(1, 1000, int)
    parser.add_argument("--repeat", type=times, default=1, help="how often each fault is injected (1)")
    add_destination(parser)
    parser.set_defaults(command=run)


def run(options: argparse.Namespace, console: Console) -> int:
    """Start the systems, run the drills and write the chapter. Return 1 if a promise was broken."""
    run_dir, results = files.run_directory("drill"), Results(options.rate)
    measure_chapter(
        CHAPTER, files.destination(options), console, run_dir=run_dir,
        measure=lambda display: measure(options, run_dir, display, results), figures=results.figures,
    )  # fmt: skip
    return 0 if results.kept else BROKEN


def measure(options: argparse.Namespace, run_dir: Path, display: ProgressDisplay, results: Results) -> None:
    """Run the chosen drills on the chosen sides, and put each result into `results` at once."""
    both = (monolith.system(run_dir), systems.MICROSERVICES)
    started = [system for system in both if options.side in (None, system.name)]
    with ExitStack() as stack:
        with display.phase(f"start {' and '.join(system.name for system in started)}"):
            urls = stack.enter_context(systems.running(run_dir, started))
        if systems.MICROSERVICES.name in urls:
            Services(run_dir).shorten_redelivery()
            Services(run_dir).add_hooks()
        results.origins |= {side: origin_of(url) for side, url in urls.items()}
        with display.phase("the same data on every side"):
            worlds = on_sides(
                [*urls], lambda side: seeding.seed(urls[side], SIZE, run=f"{time():.0f}", done=lambda: None)
            )
        sides = {
            name: Side(
                name=name, url=url, world=worlds[name], run_dir=run_dir, generator=stack.enter_context(LoadProcess()),
                rate=options.rate, votes=options.votes, repeat=options.repeat,
            )
            for name, url in urls.items()
        }  # fmt: skip
        with display.phase("warm up"):
            on_sides([*urls], lambda side: sides[side].load("warm up", WARM_UP_S))
        for fault in (fault for fault in FAULTS if fault.name in (options.fault or NAMES)):
            with display.phase(f"drill {fault.name}"):
                results.drills[fault.name] = on_sides([*urls], lambda side: results.run(sides[side], fault))  # noqa: B023
