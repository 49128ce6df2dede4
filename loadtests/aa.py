"""`python -m loadtests aa`: compare each system with itself. Any difference comes from the instrument.

Exit status: 0 if every run is within noise, 1 if one is not, 2 if one is void.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

from rich.console import Console

from loadtests import provenance, report, systems
from loadtests.report.comparison import origin_of_times
from loadtests.results import AA_SIDES as SIDES
from loadtests.run import DIFFERENT, FINE, VOID, run_and_report
from loadtests.settings import PROFILES, RunSettings, add_results, destination, run_directory, whole
from loadtests.statistics import NOISE

NAMES = tuple(system.name for system in systems.BOTH)
SHOWN = ("ratio", "low", "high", "verdict")
ABOUT = """Make the same run as compare with one system on both sides, each in processes of its own with data of its own. Any
difference comes from the instrument. The exit status is 0 if every run is within noise, 1 if one is not, 2 if one is void."""
Figures = dict[str, Any]


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = ABOUT
    parser.add_argument("--side", choices=NAMES, help="only this system (both, one after the other)")
    parser.add_argument(
        "--profile", choices=("quick", "standard"), default="quick", help="length: 2 or 3 minutes a run (quick)"
    )
    parser.add_argument("--times", type=whole(1, 100), default=1, metavar="N", help="runs, summarised in aa.json (1)")
    parser.add_argument("--url", help="a deployed system as the first side; it is neither started nor stopped")
    parser.add_argument("--other-url", help="a deployed system as the second side")
    add_results(parser)
    parser.set_defaults(command=command)


def command(options: argparse.Namespace, console: Console) -> int:
    """Make the runs, write their reports and print a summary."""
    folder = destination(options)
    urls = zip(SIDES, (options.url, options.other_url), strict=True)
    deployed = {side: url.rstrip("/") for side, url in urls if url}
    reports: dict[str, list[Figures]] = {name: [] for name in systems_to_compare(options.side, deployed)}
    for name, run in product(reports, range(1, options.times + 1)):
        own = folder if options.times == len(reports) == 1 else folder / f"{name}-{run:02}"
        reports[name].append(run_and_report(settings(name, options.profile, deployed), own, console))
        summaries = {one: summary(runs, side=one) for one, runs in reports.items() if runs}
        (folder / "aa.json").write_text(json.dumps(summaries, indent=1) + "\n")
        report.print_summary(own, console)
    for name, one in summaries.items():
        line = f"{name}: {one['within_noise']} of {one['runs']} runs within noise, {one['void']} void"
        console.print(line, highlight=False)
    return status([figures for runs in reports.values() for figures in runs])


def systems_to_compare(side: str | None, deployed: dict[str, str]) -> tuple[str, ...]:
    """Return the chosen system, or both. Deployed systems count as one system, with the first name."""
    return (side,) if side else NAMES[:1] if deployed else NAMES


def settings(name: str, profile: str, deployed: dict[str, str]) -> RunSettings:
    """Return the settings of one run: a system on both sides."""
    system = next(one for one in systems.BOTH if one.name == name)
    return RunSettings(
        profile=replace(PROFILES[profile], freshness=0),
        scenarios=tuple(PROFILES[profile].rates),
        sides=dict.fromkeys(SIDES, system),
        run_dir=run_directory("aa"),
        deployed=deployed,
    )


def summary(reports: Sequence[Figures], *, side: str) -> Figures:
    """Return how many runs were within noise, also by metric, and every interval."""
    metrics = [(f"{name} {metric}", one) for figures in reports for name, metric, one in _metrics(figures)]
    return {
        "schema": provenance.SCHEMA,
        **{name: reports[0][name] for name in ("commit", "machine", "versions")},
        "side": side,
        "profile": reports[0]["profile"],
        "settings": reports[0]["settings"],
        "origin": origin_of_times(reports[0]),
        "runs": len(reports),
        "within_noise": sum(map(within_noise, reports)),
        "better": {one: sum(one in better(figures) for figures in reports) for one in SIDES},
        "void": sum(bool(figures["voids"]) for figures in reports),
        "voids": [reason for figures in reports for reason in figures["voids"]],
        "by_metric": {
            name: {
                "within_noise": sum(one["verdict"] == NOISE for other, one in metrics if other == name),
                "runs": [[one[key] for key in SHOWN] for other, one in metrics if other == name],
            }
            for name in dict.fromkeys(name for name, _ in metrics)
        },
    }


def within_noise(figures: Figures) -> bool:
    """Return whether no metric of a run differs."""
    return not figures["voids"] and all(one["verdict"] == NOISE for _, _, one in _metrics(figures))


def better(figures: Figures) -> list[str]:
    """Return the sides that a run calls better by any metric."""
    verdicts = {one["verdict"] for _, _, one in _metrics(figures)}
    return [side for side in SIDES if side in verdicts]


def status(reports: Sequence[Figures]) -> int:
    """Return the exit status."""
    if any(figures["voids"] for figures in reports):
        return VOID
    return FINE if all(map(within_noise, reports)) else DIFFERENT


def _metrics(figures: Figures) -> Iterator[tuple[str, str, Figures]]:
    for name, scenario in figures["scenarios"].items():
        for metric, one in scenario["metrics"].items():
            yield name, metric, one
