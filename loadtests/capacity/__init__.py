"""`python -m loadtests capacity`: find the rate at which each side breaks a service level, and add a chapter to a report."""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import inf
from time import monotonic
from typing import Any

from rich.console import Console

from loadtests import arguments, files, mixes, settings, systems
from loadtests.capacity.saturation import Meter, saturated
from loadtests.capacity.search import START, Level, Outcome, Probe, Search, percentile_of_blocks
from loadtests.histograms import enough_beyond
from loadtests.load import LIVE, BlockResult, LoadPlan
from loadtests.load_process import LoadProcess
from loadtests.progress import ProgressDisplay
from loadtests.provenance import origin_of
from loadtests.report import add_destination, measure_chapter
from loadtests.results import SIDES
from loadtests.run import both_up, require_reachable
from loadtests.settings import RunSettings
from loadtests.systems import check_reachable

NAME = "capacity"
IDLE_WITHIN_S = 5.0
MIN_PROBING_S = 60.0  # minimum, even after a slow start
ABOUT = """Raise the rate until the service level breaks, bisect, then probe the end that held again, alternating between the
sides. One scenario takes at most 3 minutes with the start of both systems on fresh data."""
Figures = dict[str, Any]
Offer = Callable[[LoadPlan], BlockResult]


@dataclass(slots=True, kw_only=True)
class CapacityResults:
    """What was measured so far, by scenario and side. at_once: concurrent requests of a side."""

    level: Level
    ceiling: float
    urls: dict[str, str] = field(default_factory=dict)
    searches: dict[str, dict[str, Search]] = field(default_factory=dict)
    at_once: dict[str, int] = field(default_factory=dict)


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = ABOUT
    parser.add_argument(
        "--p95", type=arguments.number(1, 60_000), default=250.0, help="limit of p95 in milliseconds (250)"
    )
    parser.add_argument(
        "--errors", type=arguments.number(0.001, 100), default=0.1, help="limit of errors in percent (0.1)"
    )
    scenarios = (*mixes.names(), LIVE)
    parser.add_argument("--scenario", action="append", choices=scenarios, help="default: browse; repeatable")
    parser.add_argument("--side", action="append", choices=SIDES, help="only this side")
    parser.add_argument("--ceiling", type=arguments.RATE, default=2_000.0, help="highest requests a second (2000)")
    parser.add_argument("--seconds", type=arguments.number(10, 86_400), default=180.0, help="for one scenario (180)")
    arguments.add_urls(parser)
    add_destination(parser)
    parser.set_defaults(command=command)


def command(options: argparse.Namespace, console: Console) -> int:
    """Measure and write the chapter."""
    run_settings = _settings(options)
    results = CapacityResults(level=Level(options.p95, options.errors), ceiling=options.ceiling)
    return measure_chapter(
        NAME, files.destination(options), console, run_dir=run_settings.run_dir,
        measure=lambda display: run(run_settings, results, display, seconds=options.seconds),
        figures=lambda: figures(results),
    )  # fmt: skip


def run(run_settings: RunSettings, results: CapacityResults, display: ProgressDisplay, *, seconds: float) -> None:
    """Search every capacity and put each probe into `results` at once. Raise RunError or ParityError if that fails.

    seconds: limit for a scenario, start included.
    """
    require_reachable(run_settings)
    with LoadProcess() as generator:
        for name in run_settings.scenarios:
            own = replace(run_settings, run_dir=run_settings.run_dir / name)  # fresh data for each scenario
            until = monotonic() + seconds
            with both_up(own, display) as sides:
                results.urls, resources = sides.urls, sides.resources()
                results.at_once = {side: max(one.at_once.values(), default=0) for side, one in resources.items()}
                # Processes of a deployed system cannot be measured.
                meters = {side: Meter(systems.members(system, own.run_dir)) for side, system in own.started.items()}
                searches = results.searches[name] = {
                    side: Search(plan=plan, level=results.level, ceiling=results.ceiling, meter=meters.get(side))
                    for side, plan in sides.plans(name).items()
                }
                with display.phase(f"{name}: raise the rate until {results.level} breaks"):
                    left_s = max(MIN_PROBING_S, until - monotonic())
                    alternate(searches, fail_if_ended(generator.run), seconds=left_s, on_probe=_printer(name, display))


def alternate(
    searches: Mapping[str, Search], offer: Offer, *, seconds: float, on_probe: Callable[[str, Search, Probe], None]
) -> None:
    """Run a probe of each side alternately until both searches have ended or the time is over."""
    until, order = monotonic() + seconds, list(searches)
    while any(search.next_rate() for search in searches.values()):
        for side in order:
            search = searches[side]
            if monotonic() > until:
                return
            if rate := search.next_rate():
                on_probe(side, search, search.run_next(rate, offer))
                if search.meter:
                    search.meter.await_idle(within_s=IDLE_WITHIN_S)
        order.reverse()


def fail_if_ended(offer: Offer) -> Offer:
    """Return `offer` that raises SystemFailed if a system has ended, because no rate says anything about that."""

    def run_block(plan: LoadPlan) -> BlockResult:
        block = offer(plan)
        if not block.succeeded:
            check_reachable(plan.base_url)
        return block

    return run_block


def figures(results: CapacityResults) -> Figures:
    """Return the chapter for report.json, empty without a probe. Rates and milliseconds have one decimal."""
    scenarios = {
        name: {side: _side(side, search, results) for side, search in searches.items() if search.probes}
        for name, searches in results.searches.items()
        if any(search.probes for search in searches.values())
    }
    return {"slo": str(results.level), "ceiling": results.ceiling, "scenarios": scenarios} if scenarios else {}


def _side(side: str, search: Search, results: CapacityResults) -> Figures:
    decisive, rate = search.at(search.decisive), search.decisive
    blocks, usages = [probe.block for probe in decisive], [probe.usage for probe in decisive if probe.usage]
    return {
        **_bounds(search),
        "ended": _end(search),
        "saturated": saturated(blocks, usages, rate=rate, limit=results.at_once.get(side, 0)),
        "curve": [_point(search, each) for each in sorted({probe.rate for probe in search.probes})],
        "origin": origin_of(results.urls[side]),
    }


def _bounds(search: Search) -> Figures:
    knee, low, high = search.knee()
    bound = "at least" if search.at_least else "" if low else "below"
    return {"knee": round(knee, 1), "low": round(low, 1), "high": high and round(high, 1), "bound": bound}


def _end(search: Search) -> str:
    """Return why a search ended, in words."""
    high, probes = search.high, search.at(search.decisive)
    if high == inf:
        why = f"{search.decisive:.0f} a second held" if search.low else "no rate was decided"
    elif search.at_least:
        void = next(probe.void for probe in reversed(search.probes) if probe.rate == high and probe.void)
        why = f"at {high:.0f} a second the limit is the load generator's: {void}"
    else:
        why = f"at {high:.0f} a second {'; '.join(search.broken(probes))}"
    if search.next_rate():
        return f"the search did not end; {why}"
    return f"{why}, which is the ceiling" if high == inf else why


def _point(search: Search, rate: float) -> Figures:
    """Return one point of the curve."""
    probes = search.at(rate)
    blocks = [probe.block for probe in probes]
    offered = sum(block.offered for block in blocks) or 1
    shares = {
        name: sum(getattr(block, name) for block in blocks) / offered
        for name in ("succeeded", "errors", "refused", "dropped")
    }
    outcome = Outcome.VOID if probes[0].void else Outcome.BROKEN if search.broken(probes) else Outcome.HELD
    return {
        "rate": round(rate, 1),
        "goodput": round(rate * shares.pop("succeeded"), 1),
        **{
            f"p{each}_ms": round(percentile_of_blocks(blocks, each), 1) if enough_beyond(each, offered) else None
            for each in (50, 95, 99)
        },
        **{f"{name}_percent": round(100 * share, 2) for name, share in shares.items()},
        "probes": len(probes),
        "outcome": outcome.value,
    }


def _settings(options: argparse.Namespace) -> RunSettings:
    """Return which systems to start and load. Raise UsageError if a live feed is unknown."""
    scenarios = tuple(dict.fromkeys(options.scenario or ("browse",)))
    arguments.require_live_url(scenarios, options)
    sides = {system.name: system for system in systems.BOTH if system.name in (options.side or SIDES)}
    return RunSettings(
        profile=replace(settings.PROFILES["standard"], rates=dict.fromkeys(scenarios, START)),
        scenarios=scenarios,
        sides=sides,
        run_dir=files.run_directory(NAME),
        deployed={side: url for side, url in arguments.deployed_urls(options).items() if side in sides},
        deployed_live=arguments.deployed_live_urls(options),
    )


def _printer(name: str, display: ProgressDisplay) -> Callable[[str, Search, Probe], None]:
    def print_probe(side: str, search: Search, probe: Probe) -> None:
        result = f"void: {probe.void}" if probe.void else "; ".join(search.broken([probe])) or "held"
        line = f"  {name}, {side}, {probe.rate:.1f} a second: {result}"
        display.console.print(line, highlight=False, markup=False, soft_wrap=True)

    return print_probe
