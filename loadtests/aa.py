"""`python -m loadtests aa`: each system against itself. An instrument that sees a difference there sees one anywhere.

Ends with 0 when every run is within noise, 1 when one is not, 2 when one is void.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import product
from pathlib import Path
from typing import Any

from rich.console import Console

from loadtests import provenance, report, running, systems
from loadtests.arguments import count
from loadtests.asking import RunSettings
from loadtests.profiles import PROFILES
from loadtests.running import DIFFERENT, FINE, VOID
from loadtests.statistics.verdicts import NOISE

SIDES = ("first", "second")
NAMES = tuple(system.name for system in systems.BOTH)
SHOWN = ("ratio", "low", "high", "verdict")
ABOUT = """Makes the same run as compare with one system on both sides, each a process of its own with data of its own. What differs
there is the instrument. The exit status is 0 when every run is within noise, 1 when one is not, 2 when one is void."""
Figures = dict[str, Any]


def register(verb: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    verb.description = ABOUT
    verb.add_argument("--side", choices=NAMES, help="only this system (both, one after the other)")
    verb.add_argument(
        "--profile", choices=("quick", "standard"), default="quick", help="how long: 2 or 3 minutes a run (quick)"
    )
    verb.add_argument("--times", type=count, default=1, metavar="N", help="so many runs, summed up in aa.json (1)")
    verb.add_argument("--url", help="a deployed system in place of the first; it is neither started nor stopped")
    verb.add_argument("--other-url", help="a deployed system in place of the second")
    verb.add_argument(
        "--results", type=Path, default=Path("results"), help="where the report's folder is made (results)"
    )
    verb.set_defaults(command=run)


def run(asked: argparse.Namespace, console: Console) -> int:
    """Make the runs, write their reports, print what they come to."""
    folder, known = asked.results / f"{datetime.now():%Y%m%d-%H%M%S}", given(asked)
    found: dict[str, list[Figures]] = {side: [] for side in chosen(asked.side, known)}
    for side, number in product(found, range(1, asked.times + 1)):
        own = folder if asked.times == len(found) == 1 else folder / f"{side}-{number:02}"
        found[side].append(running.made(request(side, asked.profile, known), own, console))
        summed = {one: summary(reports, side=one) for one, reports in found.items() if reports}
        (folder / "aa.json").write_text(json.dumps(summed, indent=1) + "\n")
        report.print_summary(own, console)
    for side, one in summed.items():
        words = f"{one['within_noise']} of {one['runs']} runs within noise, {one['void']} void"
        console.print(f"{side}: {words}", highlight=False)
    return status([each for reports in found.values() for each in reports])


def chosen(side: str | None, known: dict[str, str]) -> tuple[str, ...]:
    """Return the systems to be compared with themselves: both, but where one is named or there are URLs, which are of one."""
    return (side,) if side else NAMES[:1] if known else NAMES


def given(asked: argparse.Namespace) -> dict[str, str]:
    """Return the base URLs that the command line names, by side."""
    named = zip(SIDES, (asked.url, asked.other_url), strict=True)
    return {side: url.rstrip("/") for side, url in named if url}


def request(side: str, profile: str, known: dict[str, str]) -> RunSettings:
    """Return what one run asks for: a system on both sides, but where a URL is given."""
    system = next(one for one in systems.BOTH if one.name == side)
    return RunSettings(
        profile=replace(PROFILES[profile], freshness=0),
        scenarios=tuple(PROFILES[profile].rates),
        given=known,
        live_given={},
        run_dir=Path(".run") / f"aa-{datetime.now():%Y%m%d-%H%M%S}",
        sides=dict.fromkeys(SIDES, system),
    )


def summary(found: Sequence[Figures], *, side: str) -> Figures:
    """Return what some runs come to: how often they were within noise, by metric too, and every interval."""
    metrics = [(f"{name} {metric}", one) for report in found for name, metric, one in _metrics(report)]
    return {
        "schema": provenance.SCHEMA,
        **{name: found[0][name] for name in ("commit", "machine", "versions")},
        "side": side,
        "profile": found[0]["profile"],
        "settings": found[0]["settings"],
        "origin": found[0]["parity"]["origin"],
        "runs": len(found),
        "within_noise": sum(map(within_noise, found)),
        "better": {one: sum(one in better(report) for report in found) for one in SIDES},
        "void": sum(bool(report["voids"]) for report in found),
        "voids": [why for report in found for why in report["voids"]],
        "by_metric": {
            name: {
                "within_noise": sum(one["verdict"] == NOISE for other, one in metrics if other == name),
                "runs": [[one[what] for what in SHOWN] for other, one in metrics if other == name],
            }
            for name in dict.fromkeys(name for name, _ in metrics)
        },
    }


def within_noise(report: Figures) -> bool:
    """Say whether no figure of a run differs."""
    return not report["voids"] and all(one["verdict"] == NOISE for _, _, one in _metrics(report))


def better(report: Figures) -> list[str]:
    """Return the sides that a run says are better by any figure."""
    said = {one["verdict"] for _, _, one in _metrics(report)}
    return [side for side in SIDES if side in said]


def status(found: Sequence[Figures]) -> int:
    """Return the exit status."""
    if any(report["voids"] for report in found):
        return VOID
    return FINE if all(map(within_noise, found)) else DIFFERENT


def _metrics(report: Figures) -> Iterator[tuple[str, str, Figures]]:
    for name, scenario in report["scenarios"].items():
        for metric, one in scenario["metrics"].items():
            yield name, metric, one
