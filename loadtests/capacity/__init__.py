"""`python -m loadtests capacity --slo …`: how many requests a second each side carries before its service level breaks.

The chapter of the report that it writes holds the knees with their intervals, the curves, and what was used up at the knee.
"""

import argparse
import shutil
import sys
from datetime import datetime
from pathlib import Path

from rich.console import Console

from loadtests import interrupts, mixes, report
from loadtests.arguments import destination, into, positive
from loadtests.blocks import SIDES
from loadtests.capacity import measuring
from loadtests.capacity.figures import figures
from loadtests.capacity.slo import NotUnderstood, parsed
from loadtests.load import LIVE
from loadtests.progress import Shown

FINE, USAGE = 0, 3
NAME = "capacity"
SECONDS = 180.0
ABOUT = """Raises the rate until the service level breaks, halves the distance to the precision, then probes both of its ends
again and longer; the sides take turns. A scenario takes 3 minutes at most, with the start of both systems on fresh data."""


def register(verb: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    verb.description = ABOUT
    verb.add_argument("--slo", required=True, help='such as "p95<250ms,errors<0.1%%"; all of it must hold')
    verb.add_argument(
        "--scenario",
        action="append",
        choices=(*mixes.names(), LIVE),
        help="which load (browse); may be repeated, 3 minutes each",
    )
    verb.add_argument("--side", action="append", choices=SIDES, help="only this side")
    _addresses(verb)
    verb.add_argument("--start", type=positive, default=20.0, help="requests a second of the first probe (20)")
    verb.add_argument(
        "--ceiling", type=positive, default=2_000.0, help="requests a second that are not exceeded (2000)"
    )
    verb.add_argument(
        "--precision", type=positive, default=10.0, metavar="PERCENT", help="between what held and what broke (10)"
    )
    verb.add_argument(
        "--seconds", type=positive, default=SECONDS, help=f"for a scenario, with the start of the systems ({SECONDS:g})"
    )
    into(verb)
    verb.set_defaults(command=run)


def _addresses(verb: argparse.ArgumentParser) -> None:
    for side in SIDES:
        verb.add_argument(f"--{side}-url", help="a system that is already there; it is neither started nor stopped")
        verb.add_argument(f"--{side}-live-url", help="its live feed, where it is not below its base URL")


def run(asked: argparse.Namespace, console: Console) -> int:
    """Measure, write the chapter, print it; return the exit status. Raise what ends it early, after that is written too."""
    try:
        wanted = request(asked)
    except NotUnderstood as wrong:
        print(wrong, file=sys.stderr)
        return USAGE
    shown, found, folder = Shown(console), measuring.Found(), destination(asked)
    try:
        with shown.running():
            measuring.run(wanted, found, shown)
    except BaseException as ended:  # also Ctrl-C
        _keep(wanted, found, folder, ended=ended, console=console)
        raise
    shutil.rmtree(wanted.run_dir, ignore_errors=True)  # kept when something failed: its logs say why
    report.print_chapter(report.add_chapter(folder, NAME, figures(wanted, found)), NAME, console)
    return FINE


def request(asked: argparse.Namespace) -> measuring.RunSettings:
    """Return what the command line asks for. Raise NotUnderstood if that cannot be measured."""
    sides = tuple(side for side in SIDES if side in (asked.side or SIDES))
    if LIVE in (asked.scenario or ()) and asked.microservices_url and not asked.microservices_live_url:
        raise NotUnderstood(f"the scenario {LIVE} needs --microservices-live-url: deployed services serve it elsewhere")
    return measuring.RunSettings(
        slo=parsed(asked.slo),
        scenarios=tuple(dict.fromkeys(asked.scenario or ("browse",))),
        sides=sides,
        given={side: url.rstrip("/") for side in sides if (url := getattr(asked, f"{side}_url"))},
        live_given={side: url for side in sides if (url := getattr(asked, f"{side}_live_url"))},
        start=asked.start,
        ceiling=asked.ceiling,
        precision=asked.precision / 100,
        seconds=asked.seconds,
        run_dir=Path(".run") / f"{NAME}-{datetime.now():%Y%m%d-%H%M%S}",
    )


def _keep(
    wanted: measuring.RunSettings, found: measuring.Found, folder: Path, *, ended: BaseException, console: Console
) -> None:
    """Write what there is. The systems have ended by now; a second Ctrl-C must not leave half a report."""
    if isinstance(ended, interrupts.Interrupted):
        shutil.rmtree(wanted.run_dir, ignore_errors=True)  # nothing failed, so no log says why
    if not any(climb.probes for climbs in found.climbs.values() for climb in climbs.values()):
        return
    with interrupts.ignored():
        kept = figures(wanted, found, ended_by=str(ended) or type(ended).__name__)
        report.print_chapter(report.add_chapter(folder, NAME, kept), NAME, console)
