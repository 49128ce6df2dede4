"""The report of a run. report.json holds every figure; page, text and terminal are rendered from it.

A command of its own adds a chapter to a run, or makes a report of that chapter alone.
"""

import json
import shutil
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from rich.console import Console

from loadtests import provenance
from loadtests.arguments import add_results, read_report
from loadtests.errors import RunError
from loadtests.processes import ROOT, Interrupted, ignore_interrupts
from loadtests.progress import ProgressDisplay
from loadtests.report import forms
from loadtests.report.contents import command_chapter, contents
from loadtests.report.figures import figures, series
from loadtests.results import Results

REFERENCE = ROOT / "docs" / "reference"  # the kept run


class ReportNotWritten(RunError):
    """A report cannot be written."""


def add_destination(parser: ArgumentParser) -> None:
    """Add the options that `destination` reads."""
    add_results(parser)
    parser.add_argument(
        "--into", type=extensible_report, metavar="RUN", help="add to this run's report instead: its folder"
    )


def extensible_report(word: str) -> Path:
    """Return the folder of a report to which a chapter can be added. Raise ArgumentTypeError."""
    folder, report, series = read_report(word)
    try:
        contents(report, series)
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as wrong:
        raise ArgumentTypeError(f"{folder} has a broken report: {wrong!r:.100}") from wrong
    return folder


def write(results: Results, folder: Path) -> Path:
    """Write the report of a comparison into a new folder and return it."""
    return save(folder, figures(results), series(results))


def add_chapter(folder: Path, name: str, chapter: dict[str, Any]) -> Path:
    """Add the figures of a command to the report in a folder. Return the folder."""
    return add_chapters(folder, {name: chapter})


def add_chapters(folder: Path, chapters: Mapping[str, dict[str, Any]]) -> Path:
    """Add chapters to the report in a folder, or replace its earlier ones; without a report, make one. Return the folder."""
    known = provenance.collect()
    report, lines = {"schema": provenance.SCHEMA, **known}, dict[str, Any]()
    if (folder / "report.json").exists():
        report, lines = _data(folder)
    own = {"commit": known["commit"], "machine": known["machine"]}
    return save(folder, {**report, **{name: {**each, **own} for name, each in chapters.items()}}, lines)


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
                print_chapter(add_chapter(folder, name, {**known, **end}), name, console)
    return 0


def save(folder: Path, report: dict[str, Any], lines: dict[str, Any]) -> Path:
    """Write report.json and series.json, then report.md and report.html. Raise ReportNotWritten.

    Each pair is replaced as a whole. On a full disk the figures are kept even if the page does not fit.
    """
    shown = contents(report, lines)
    _replace(folder, {"report.json": json.dumps(report, indent=2) + "\n", "series.json": json.dumps(lines) + "\n"})
    _replace(
        folder, {"report.md": forms.markdown(shown), "report.html": forms.html(shown)}, note="; its figures are kept"
    )
    return folder


def print_summary(folder: Path, console: Console) -> None:
    """Print the comparison of a written report, and its path."""
    forms.print_comparison(contents(*_data(folder)), console)
    console.print(f"report: {folder / 'report.html'}", soft_wrap=True)


def print_chapter(folder: Path, name: str, console: Console) -> None:
    """Print one chapter of a written report, and its path."""
    forms.print_chapter(command_chapter(_data(folder)[0], name), console)
    console.print(f"report: {folder / 'report.html'}", soft_wrap=True)


def _data(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    report, lines = (json.loads((folder / name).read_text(encoding="utf-8")) for name in ("report.json", "series.json"))
    return report, lines


def _replace(folder: Path, texts: dict[str, str], *, note: str = "") -> None:
    new = {folder / f".{name}.new": text for name, text in texts.items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, text in new.items():
            file.write_text(text, encoding="utf-8")
    except OSError as error:
        for file in new:
            with suppress(OSError):  # the first error is the one to report
                file.unlink()
        raise ReportNotWritten(f"cannot write the report into {folder}: {error.strerror}{note}") from error
    for name, file in zip(texts, new, strict=True):
        file.replace(folder / name)
