"""`python -m loadtests coldstarts`: what a function's first call takes beside its next ones, and what more memory would change."""

import argparse
import shutil
from datetime import datetime
from pathlib import Path

from rich.console import Console

from loadtests import processes, report, settings
from loadtests.coldstarts.deployed import handlers
from loadtests.coldstarts.measured import MONOLITH, Found, RunSettings, measure
from loadtests.progress import Shown

CHAPTER = "cold_starts"
TIMES = 5


def register(verb: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    verb.add_argument(
        "--function",
        action="append",
        metavar="NAME",
        choices=(*handlers(), MONOLITH),
        help="only this one; may be repeated",
    )
    verb.add_argument("--times", type=settings.whole(1, 100), default=TIMES, help=f"cold starts of each ({TIMES})")
    verb.add_argument("--no-sweep", dest="sweep", action="store_false", help="leave the sizes of memory out")
    settings.add_destination(verb)
    verb.set_defaults(command=run)


def run(asked: argparse.Namespace, console: Console) -> int:
    """Start everything cold so often, write the report; what was measured before a failure or Ctrl-C is kept and marked."""
    run_dir = Path(".run") / f"coldstarts-{datetime.now():%Y%m%d-%H%M%S}"
    folder = settings.destination(asked)
    request = RunSettings(
        tuple(asked.function or (*handlers(), MONOLITH)), asked.times, sweep=asked.sweep, run_dir=run_dir
    )
    found, shown = Found(request), Shown(console)
    try:
        with shown.running():
            measure(request, found, shown)
    except BaseException as ended:  # also Ctrl-C
        with processes.ignore_interrupts():
            _keep(found, folder, console, ended_by=f"ended by {ended}")
        raise
    shutil.rmtree(run_dir, ignore_errors=True)  # kept when something failed: its logs say why
    report.print_chapter(report.add_chapter(folder, CHAPTER, found.figures()), CHAPTER, console)
    return 0


def _keep(found: Found, folder: Path, console: Console, *, ended_by: str) -> None:
    """Write what there is, marked, if there is anything."""
    if found.trials or found.starts:
        marked = {**found.figures(), "complete": False, "ended_by": ended_by}
        report.print_chapter(report.add_chapter(folder, CHAPTER, marked), CHAPTER, console)
