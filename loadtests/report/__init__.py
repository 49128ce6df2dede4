"""The report of a comparison: report.json holds every figure; page, text and terminal are made from it."""

import json
from pathlib import Path

from rich.console import Console

from loadtests.figures import figures
from loadtests.report.markdown import as_markdown
from loadtests.report.page import as_page
from loadtests.report.terminal import print_block, print_report
from loadtests.results import Results
from loadtests.series import series

__all__ = ["print_block", "summarise", "write"]


def write(results: Results, folder: Path) -> Path:
    """Write report.json, series.json, report.md and report.html into a new folder and return it."""
    report, lines = figures(results), series(results)
    folder.mkdir(parents=True)
    (folder / "report.json").write_text(json.dumps(report, indent=2) + "\n")
    (folder / "series.json").write_text(json.dumps(lines) + "\n")
    (folder / "report.md").write_text(as_markdown(report))
    (folder / "report.html").write_text(as_page(report, lines))
    return folder


def summarise(folder: Path, console: Console) -> None:
    """Print the figures of a written report and where it lies."""
    print_report(json.loads((folder / "report.json").read_text()), console)
    console.print(f"report: {folder / 'report.html'}", soft_wrap=True)
