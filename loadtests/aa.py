"""`python -m loadtests aa`: compare each system with itself. Any difference comes from the measurement.

Exit status: 0 if every run is within noise, 1 if one is not, 2 if one is void.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

from rich.console import Console

from loadtests import report, systems
from loadtests.arguments import add_results, number
from loadtests.files import destination, run_directory
from loadtests.results import AA_SIDES as SIDES
from loadtests.run import DIFFERENT, FINE, VOID, run_and_report
from loadtests.settings import PROFILES, RunSettings
from loadtests.statistics import NOISE

NAMES = tuple(system.name for system in systems.BOTH)
ABOUT = """Make the same run as compare with one system on both sides, each in processes of its own with data of its own. Any
difference comes from the instrument. The exit status is 0 if every run is within noise, 1 if one is not, 2 if one is void."""
Figures = dict[str, Any]


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = ABOUT
    parser.add_argument("--side", choices=NAMES, help="only this system (both, one after the other)")
    parser.add_argument(
        "--profile", choices=("quick", "standard"), default="quick", help="length: 2 or 3 minutes a run (quick)"
    )
    parser.add_argument("--times", type=number(1, 100, int), default=1, metavar="N", help="runs of each system (1)")
    add_results(parser)
    parser.set_defaults(command=command)


def command(options: argparse.Namespace, console: Console) -> int:
    """Make the runs, write their reports and print a summary."""
    folder = destination(options)
    names, reports = (options.side,) if options.side else NAMES, list[Figures]()
    for name, run in product(names, range(1, options.times + 1)):
        own = folder if options.times == len(names) == 1 else folder / f"{name}-{run:02}"
        reports.append(run_and_report(settings(name, options.profile), own, console))
        report.print_summary(own, console)
    voids = sum(bool(one["voids"]) for one in reports)
    line = f"{sum(map(within_noise, reports))} of {len(reports)} runs within noise, {voids} void"
    console.print(line, highlight=False)
    return status(reports)


def settings(name: str, profile: str, deployed: dict[str, str] | None = None) -> RunSettings:
    """Return the settings of one run: a system on both sides. deployed: URLs of sides that run already."""
    system = next(one for one in systems.BOTH if one.name == name)
    return RunSettings(
        profile=replace(PROFILES[profile], freshness=0),
        scenarios=tuple(PROFILES[profile].rates),
        sides=dict.fromkeys(SIDES, system),
        run_dir=run_directory("aa"),
        deployed=deployed or {},
    )


def within_noise(figures: Figures) -> bool:
    """Return whether no metric of a run differs."""
    return not figures["voids"] and all(one["verdict"] == NOISE for _, _, one in metrics(figures))


def status(reports: Sequence[Figures]) -> int:
    """Return the exit status."""
    if any(figures["voids"] for figures in reports):
        return VOID
    return FINE if all(map(within_noise, reports)) else DIFFERENT


def metrics(figures: Figures) -> Iterator[tuple[str, str, Figures]]:
    """Yield scenario, metric and its figures."""
    for name, scenario in figures["scenarios"].items():
        for metric, one in scenario["metrics"].items():
            yield name, metric, one
