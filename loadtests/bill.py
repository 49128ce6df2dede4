"""`python -m loadtests bill`: what both sides cost on AWS, from the counted work of a report, and where they cost the same."""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console

from loadtests import report
from loadtests.arguments import new_file, number, report_folder
from loadtests.errors import UsageError
from loadtests.forecast.bill import CHAPTER, DEFAULT, Options, chapter
from loadtests.forecast.parameters import REGIONS, Parameters, load
from loadtests.forecast.traffic import EXAMPLES
from loadtests.forecast.units import UNITS
from loadtests.metering import counts
from loadtests.report import REFERENCE, extensible_report, forms
from loadtests.report.contents import COMMANDS

ABOUT = """Compute a month's bill of both sides on AWS. Nothing is measured: the counts come from a report, the prices are cited."""
RESULTS = Path("results")
LARGEST = 1e12  # value of a parameter; products of larger ones would not be finite


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = ABOUT
    parser.add_argument(
        "--report", type=report_folder, metavar="RUN", help="a run with metering (that of --into, or the last one)"
    )
    parser.add_argument("--traffic", default=DEFAULT.traffic, help=f"{EXAMPLES} ({DEFAULT.traffic})")
    parser.add_argument("--region", default=DEFAULT.region, help=f"{' or '.join(REGIONS)} ({DEFAULT.region})")
    parser.add_argument("--mix", default=DEFAULT.mix, help=f"of journeys, as in loadtests/mixes ({DEFAULT.mix})")
    parser.add_argument("--memory", type=int, metavar="MB", help="memory of every function, instead of the templates'")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a price or a parameter")
    parser.add_argument("--usage-file", type=new_file, metavar="FILE", help="write the units under Infracost's names")
    parser.add_argument("--into", type=extensible_report, metavar="RUN", help="add the chapter to this run's report")
    parser.set_defaults(command=command)


def command(options: argparse.Namespace, console: Console) -> int:
    """Print the bill. Raise UsageError for a wrong option or a unit without a price."""
    folder = options.report or options.into or last_run()
    figures = chapter(
        counts.read(folder),
        json.loads((folder / "report.json").read_text(encoding="utf-8")),
        Options(
            traffic=options.traffic, region=options.region, mix=options.mix, memory_mb=options.memory,
            changes=tuple(parse_change(text, load(options.region)) for text in options.set),
        ),
    )  # fmt: skip
    require_prices(figures)
    if options.usage_file:
        options.usage_file.write_text(usage_file(figures), encoding="utf-8")
    if options.into:
        report.add_chapter(options.into, CHAPTER, figures)
        report.print_chapter(options.into, CHAPTER, console)
    else:
        shown = COMMANDS[CHAPTER](figures)
        forms.print_chapter(replace(shown, tables=shown.tables[:-1]), console)  # without the long table of parameters
    return 0


def require_prices(figures: dict[str, Any]) -> None:
    """Raise UsageError if a billed unit has no price. A call without a meter only makes the bill unverified."""
    if unpriced := [name for name in figures["unverified"] if name in UNITS]:
        raise UsageError(f"no price of {', '.join(unpriced)} in {figures['region']}")


def usage_file(figures: dict[str, Any]) -> str:
    """Return the services' units of a month as a usage file of Infracost. The duration is the mean of all functions, at 1 GB."""
    resources: dict[str, dict[str, Any]] = {}
    counted = {row["unit"]: row["quantity"] for row in figures["units"]}
    for name, quantity in counted.items():
        resource, *path = UNITS[name].get("usage", "").split(".")
        if not resource:
            continue
        fields = resources.setdefault(f"{resource}.microservices", {})
        for part in path[:-1]:
            fields = fields.setdefault(part, {})
        fields[path[-1]] = round(fields.get(path[-1], 0.0) + quantity, 3)
    functions = resources["aws_lambda_function.microservices"]
    functions["request_duration_ms"] = round(1000 * functions["request_duration_ms"] / functions["monthly_requests"], 3)
    return yaml.safe_dump({"version": "0.1", "resource_usage": resources}, sort_keys=False)


def parse_change(text: str, parameters: Parameters) -> tuple[str, float]:
    """Return name and value of `--set name=value`. Raise UsageError for an unknown name or a number out of range."""
    name, _, value = text.partition("=")
    try:
        amount = number(0, LARGEST)(value)
    except argparse.ArgumentTypeError as wrong:
        raise UsageError(f"--set {text[:80]}: give NAME=VALUE with a number from 0 to {LARGEST:g}") from wrong
    figure = parameters.figure(name)
    may_be_0 = figure.unit.startswith("USD") or (figure.range and not figure.range[0])
    if not amount and not may_be_0:
        raise UsageError(f"--set {text[:80]}: must be above 0")
    return name, amount


def last_run() -> Path:
    """Return the last run with metering, or the reference run."""
    runs = [
        file.parent
        for file in RESULTS.glob("*/report.json")
        if f'"{counts.CHAPTER}"' in file.read_text(encoding="utf-8")
    ]
    return max(runs, default=REFERENCE)
