"""Measure one chapter of a report. After a failure or Ctrl-C, the chapter holds what was measured so far."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console

from loadtests import report
from loadtests.processes import Interrupted, ignore_interrupts
from loadtests.progress import ProgressDisplay


def measure_chapter(
    name: str, folder: Path, console: Console, *, run_dir: Path, measure: Callable[[ProgressDisplay], None],
    figures: Callable[[], dict[str, Any]],
) -> int:  # fmt: skip
    """Measure, add the chapter to the report in a folder and print it. Return 0. Raise what `measure` raises, after writing.

    figures: what was measured so far; empty if that is nothing. run_dir: stays after a failure, for its logs.
    """
    display, end = ProgressDisplay(console), {"complete": True, "ended_by": ""}
    try:
        with display.running():
            measure(display)
    except BaseException as error:  # also Ctrl-C
        end = {"complete": False, "ended_by": str(error) or type(error).__name__}
        if isinstance(error, Interrupted):
            shutil.rmtree(run_dir, ignore_errors=True)
        raise
    else:
        shutil.rmtree(run_dir, ignore_errors=True)
    finally:
        if known := figures():
            with ignore_interrupts():
                report.print_chapter(report.add_chapter(folder, name, {**known, **end}), name, console)
    return 0
