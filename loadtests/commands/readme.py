"""`python -m loadtests readme`: the results of the reference run in the README."""

import argparse
from pathlib import Path

from rich.console import Console

from loadtests.report import readme


def register(verb: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    verb.add_argument("--report", type=Path, help="make this report's folder the reference first")
    verb.set_defaults(command=run)


def run(asked: argparse.Namespace, console: Console) -> int:
    """Write the reference results into the README; with a report's folder, make that the reference first."""
    if asked.report:
        readme.keep(asked.report)
    readme.write_results()
    console.print(f"{readme.README.name} shows {readme.REFERENCE}", soft_wrap=True)
    return 0
