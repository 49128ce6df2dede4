"""`python -m loadtests scale`: simulate the growth to a million users on both sides, from the counted work of a report."""

import argparse
from math import inf

from rich.console import Console

from loadtests import report
from loadtests.arguments import report_folder
from loadtests.bill import last_run, parse_change
from loadtests.errors import UsageError
from loadtests.forecast.parameters import REGIONS, Parameters, load
from loadtests.forecast.scale import CHAPTER, DECADES, MIX, PARAMETERS, chapter
from loadtests.metering import counts
from loadtests.report import extensible_report, forms
from loadtests.report.contents import COMMANDS

ABOUT = """Simulate a day of both deployments on AWS for each population: latency, errors, freshness, dollars, and the limits on the
way. Nothing is measured: the counts come from a report, the limits are cited."""
MOST_USERS = 1e9


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = ABOUT
    parser.add_argument(
        "--users", default=",".join(f"{users:g}" for users in DECADES), help="populations (1,10,…,1e+06)"
    )
    parser.add_argument("--report", type=report_folder, metavar="RUN", help="a run with metering (the last one)")
    parser.add_argument("--region", default=REGIONS[0], help=f"{' or '.join(REGIONS)} ({REGIONS[0]})")
    parser.add_argument("--mix", default=MIX, help=f"of journeys, as in loadtests/mixes ({MIX})")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a price or a parameter")
    parser.add_argument("--into", type=extensible_report, metavar="RUN", help="add the chapter to this run's report")
    parser.set_defaults(command=command)


def command(options: argparse.Namespace, console: Console) -> int:
    """Print the chapter. Raise UsageError for a wrong option."""
    users, parameters = populations(options.users), load(options.region)
    changes = [parse_change(text, parameters) for text in options.set]
    for name, value in changes:
        _require_in_range(name, value, parameters)
    parameters = parameters.with_values(changes)
    figures = chapter(counts.read(options.report or last_run()), parameters, populations=users, mix=options.mix)
    if options.into:
        report.add_chapter(options.into, CHAPTER, figures)
        report.print_chapter(options.into, CHAPTER, console)
    else:
        forms.print_chapter(COMMANDS[CHAPTER](figures), console)
    return 0


def populations(text: str) -> tuple[float, ...]:
    """Return the populations of a command line. Raise UsageError if one is no number from 1 to a billion."""
    try:
        users = sorted({float(word) for word in text.split(",")})
    except ValueError:
        raise UsageError(f"--users {text}: give numbers such as 1,1e3,1e6") from None
    if wrong := [each for each in users if not 1 <= each <= MOST_USERS]:
        raise UsageError(f"--users: {wrong[0]:g} is not from 1 to {MOST_USERS:g}")
    return tuple(users)


def _require_in_range(name: str, value: float, parameters: Parameters) -> None:
    """Raise UsageError for an assumption about the day or the servers outside of its range."""
    low, high = parameters.figure(name).range or (0.0, inf)
    if not low <= value <= high and name.partition(".")[0] in PARAMETERS:
        raise UsageError(f"--set {name}={value:g}: not from {low:g} to {high:g}")
