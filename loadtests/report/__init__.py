"""The report of a run: report.json holds every figure; page, text and terminal are made from it.

A command of its own adds a chapter, to a run that is there or as a run that holds nothing else.
"""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from rich.console import Console

from loadtests import provenance
from loadtests.errors import RunError
from loadtests.report import terminal
from loadtests.report.figures import figures
from loadtests.report.markdown import as_markdown
from loadtests.report.page import as_page
from loadtests.report.series import series
from loadtests.results import Results

__all__ = ["ReportNotWritten", "add_chapter", "print_chapter", "print_summary", "save", "write"]


FIGURES = ("report.json", "series.json")


class ReportNotWritten(RunError):
    """A report cannot be written: one line says where and why. What lay there before is as it was."""


def write(results: Results, folder: Path) -> Path:
    """Write the report of a comparison into a new folder and return it."""
    folder.mkdir(parents=True)
    return save(folder, figures(results), series(results))


def add_chapter(folder: Path, name: str, found: dict[str, Any]) -> Path:
    """Put the figures of a chapter into the report of a folder, in place of those it held of it; without a report there, make
    one that holds nothing else. Return the folder."""
    made = provenance.known()
    report, lines = {"schema": provenance.SCHEMA, **made}, dict[str, Any]()
    if (folder / "report.json").exists():
        report, lines = (json.loads((folder / f"{each}.json").read_text()) for each in ("report", "series"))
    stands_on = {"commit": made["commit"], "machine": made["machine"]}
    return save(folder, {**report, name: {**found, **stands_on}}, lines)


def save(folder: Path, report: dict[str, Any], lines: dict[str, Any]) -> Path:
    """Write report.json, series.json, report.md and report.html: all of them, or raise ReportNotWritten and change nothing.

    In an empty folder the two JSON files are kept on a full disk: the rest can be made from them.
    """
    forms = {
        "report.json": json.dumps(report, indent=2) + "\n",
        "series.json": json.dumps(lines) + "\n",
        "report.md": as_markdown(report),
        "report.html": as_page(report, lines),
    }
    begun = {name: folder / f".{name}.new" for name in forms}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in forms.items():
            begun[name].write_text(text)
    except OSError as full:
        kept = not (folder / "report.json").exists() and _whole(begun["series.json"], forms["series.json"])
        for name, file in begun.items():
            with suppress(OSError):  # what failed first is what to tell
                file.replace(folder / name) if kept and name in FIGURES else file.unlink(missing_ok=True)
        some = "; its figures are kept" if kept else ""
        raise ReportNotWritten(f"cannot write the report into {folder}: {full.strerror}{some}") from full
    for name, file in begun.items():
        file.replace(folder / name)
    return folder


def _whole(file: Path, text: str) -> bool:
    return file.exists() and file.read_text() == text


def print_summary(folder: Path, console: Console) -> None:
    """Print the figures of a written report and where it lies."""
    terminal.print_report(json.loads((folder / "report.json").read_text()), console)
    console.print(f"report: {folder / 'report.html'}", soft_wrap=True)


def print_chapter(folder: Path, name: str, console: Console) -> None:
    """Print one chapter of a written report and where that lies."""
    terminal.print_chapter(json.loads((folder / "report.json").read_text()), name, console)
    console.print(f"report: {folder / 'report.html'}", soft_wrap=True)
