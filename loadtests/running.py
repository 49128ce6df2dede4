"""Makes a run and writes its report, also of a run that ends early: what was measured until then is kept."""

import json
import shutil
from pathlib import Path
from typing import Any

from rich.console import Console

from loadtests import compare, interrupts, report
from loadtests.asking import RunSettings
from loadtests.progress import Shown
from loadtests.results import Results
from loadtests.watch.journal import NAME, Journal

FINE, DIFFERENT, VOID = 0, 1, 2


def made(asked: RunSettings, folder: Path, console: Console) -> dict[str, Any]:
    """Make one run and return its figures, written into a new folder. Raise whatever ends it early, after that is written too."""
    shown = Shown(console, Journal(None if asked.same else asked.run_dir / NAME))  # `watch` shows two systems
    results = compare.begun(asked)
    with shown.running(), shown.journal.running(profile=asked.profile.name, scenarios=asked.scenarios):
        try:
            compare.run(asked, results, shown)
        except BaseException as ended:  # also Ctrl-C
            _keep(results, ended, folder, console)
            raise
        with shown.phase("report"), interrupts.ignored():  # all is measured, and half a report is none
            report.write(results, folder)
    shutil.rmtree(asked.run_dir, ignore_errors=True)  # kept when something failed: its logs say why
    found: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return found


def _keep(results: Results, ended: BaseException, folder: Path, console: Console) -> None:
    """Write what there is. The systems have ended by now; a second Ctrl-C must not leave half a report."""
    if not results.played:
        return
    results.ended_by = str(ended) or type(ended).__name__
    with interrupts.ignored():
        report.write(results, folder)
    console.print(f"what was measured so far: {folder / 'report.html'}", soft_wrap=True, highlight=False)
