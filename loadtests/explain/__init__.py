"""`python -m loadtests explain`: each journey once on both idle systems, and what its time is made of."""

import argparse
import shutil
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

from rich.console import Console

from loadtests import interrupts, report, systems
from loadtests.arguments import destination, into
from loadtests.explain.explaining import JOURNEYS, Found, explain
from loadtests.progress import Shown

CHAPTER = "explain"
ABOUT = """Starts both systems so that they tell what they do, walks each journey once on each while it is idle, and shows what its
time was spent on, down to the line of code. Times are those of one walk, not of a load."""


def register(verb: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    verb.description = ABOUT
    verb.add_argument("--journey", action="append", choices=JOURNEYS, help="only this one; may be repeated")
    into(verb)
    verb.set_defaults(command=run)


def run(asked: argparse.Namespace, console: Console) -> int:
    """Walk the journeys on two systems of its own, and write what they told as a chapter of a report.

    What was walked on both sides before a failure or Ctrl-C is kept and marked.
    """
    chosen = [JOURNEYS[name] for name in asked.journey or JOURNEYS]
    run_dir, folder = Path(".run") / f"explain-{datetime.now():%Y%m%d-%H%M%S}", destination(asked)
    found, shown = Found(), Shown(console)
    try:
        with shown.running(), ExitStack() as stack:
            with shown.phase("start both systems"):
                urls = stack.enter_context(systems.running(run_dir, systems.BOTH, explained=True))
            explain(urls, chosen, run_dir, shown, found)
    except BaseException as ended:  # also Ctrl-C
        with interrupts.ignored():
            if found.journeys:
                marked = {"complete": False, "ended_by": f"ended by {ended}"}
                report.print_chapter(
                    report.add_chapter(folder, CHAPTER, {**found.figures(), **marked}), CHAPTER, console
                )
        raise
    shutil.rmtree(run_dir, ignore_errors=True)  # kept when something failed: its logs say why
    report.print_chapter(report.add_chapter(folder, CHAPTER, found.figures()), CHAPTER, console)
    return 0
