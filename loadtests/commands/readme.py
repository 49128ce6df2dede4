"""`python -m loadtests readme`: the results of the reference run in the README."""

import argparse
from pathlib import Path

from rich.console import Console

from loadtests.report import readme_table


def register(verb: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    verb.add_argument("--report", type=Path, help="make this report's folder the reference first")
    verb.set_defaults(command=run)


def run(asked: argparse.Namespace, console: Console) -> int:
    """Write the reference results into the README; with a report's folder, make that the reference first."""
    if asked.report:
        readme_table.keep(asked.report)
    readme_table.write()
    console.print(f"{readme_table.README.name} shows {readme_table.REPORT.parent}", soft_wrap=True)
    return 0
