"""Kinds of arguments of the command line."""

import argparse
import json
from datetime import datetime
from pathlib import Path

from loadtests.provenance import SCHEMA


def positive(word: str) -> float:
    """Return a number above 0. Raise ArgumentTypeError if it is none."""
    number = float(word)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{word} is no number above 0")
    return number


def count(word: str) -> int:
    """Return a whole number above 0. Raise ArgumentTypeError if it is none."""
    number = int(word)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{word} is no number above 0")
    return number


def report_folder(word: str) -> Path:
    """Return the folder of a written run, named by itself or by its report.json. Raise ArgumentTypeError if it holds none that
    can be added to."""
    folder = Path(word).parent if Path(word).name == "report.json" else Path(word)
    try:
        report, series = (json.loads((folder / name).read_text()) for name in ("report.json", "series.json"))
    except (OSError, ValueError) as wrong:
        raise argparse.ArgumentTypeError(f"{folder} holds no run: {wrong}") from wrong
    if not (isinstance(report, dict) and isinstance(series, dict) and report.get("schema") == SCHEMA):
        raise argparse.ArgumentTypeError(f"{folder} holds no run of schema {SCHEMA}")
    return folder


def into(verb: argparse.ArgumentParser) -> None:
    """Let a command say where its chapter of a report goes; `destination` reads it."""
    verb.add_argument(
        "--results", type=Path, default=Path("results"), help="where a new report's folder is made (results)"
    )
    verb.add_argument(
        "--into", type=report_folder, metavar="RUN", help="add to the report of this run instead: its folder"
    )


def destination(asked: argparse.Namespace) -> Path:
    """Return the folder that the report of a command with `into` belongs in."""
    return Path(asked.into or asked.results / f"{datetime.now():%Y%m%d-%H%M%S}")
