"""`python -m loadtests capacity`: find the rate at which each side breaks a service level, and add a chapter to a report."""

import argparse
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path
from time import monotonic
from typing import Any

from rich.console import Console

from loadtests import mixes, report, resources, systems
from loadtests.capacity.saturation import Meter, evidence
from loadtests.capacity.search import Level, Outcome, Probe, Search, Step, measured, percentile_of_blocks, ratio
from loadtests.errors import UsageError
from loadtests.floors import cloud
from loadtests.floors.measured import PATHS, database_url, warm
from loadtests.live import subscriber as live
from loadtests.load import LIVE, BlockResult, LoadPlan
from loadtests.load_process import LoadProcess
from loadtests.processes import Interrupted, ignore_interrupts
from loadtests.progress import ProgressDisplay
from loadtests.provenance import origin_of, origin_of_both
from loadtests.results import SIDES
from loadtests.run import seed_alike
from loadtests.settings import (
    PROFILES,
    RATE,
    add_destination,
    add_urls,
    deployed,
    deployed_live,
    destination,
    number,
    require_live_url,
    run_directory,
)
from loadtests.systems import check_reachable
from monolith.database import connect

NAME = "capacity"
DATA = PROFILES["standard"]
IDLE_WITHIN_S = 5.0
FLOOR_S = 10.0  # for the floor, after the probes
MIN_PROBING_S = 60.0  # even after a slow start
ABOUT = """Raise the rate until the service level breaks, bisect, then probe both ends again and longer, alternating between the
sides. One scenario takes at most 3 minutes with the start of both systems on fresh data."""
Figures = dict[str, Any]
Offer = Callable[[LoadPlan], BlockResult]


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacitySettings:
    """What the command measures. precision: a share. seconds: for a scenario, with the start of the systems."""

    level: Level
    scenarios: tuple[str, ...]
    sides: tuple[str, ...]
    deployed: dict[str, str]
    deployed_live: dict[str, str]
    start: float
    ceiling: float
    precision: float
    seconds: float
    run_dir: Path


@dataclass(slots=True)
class Measured:
    """What was measured so far, by scenario and side. limits: concurrent requests of a side."""

    urls: dict[str, str] = field(default_factory=dict)
    searches: dict[str, dict[str, Search]] = field(default_factory=dict)
    floors: dict[str, BlockResult] = field(default_factory=dict)
    limits: dict[str, int] = field(default_factory=dict)


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = ABOUT
    parser.add_argument("--p95", type=number(1, 60_000), default=250.0, help="limit of p95 in milliseconds (250)")
    parser.add_argument("--errors", type=number(0.001, 100), default=0.1, help="limit of errors in percent (0.1)")
    scenarios = (*mixes.names(), LIVE)
    parser.add_argument("--scenario", action="append", choices=scenarios, help="browse if not given; repeatable")
    parser.add_argument("--side", action="append", choices=SIDES, help="only this side")
    parser.add_argument("--start", type=RATE, default=20.0, help="requests a second of the first probe (20)")
    parser.add_argument("--ceiling", type=RATE, default=2_000.0, help="highest requests a second (2000)")
    parser.add_argument(
        "--precision",
        type=number(1, 100),
        default=10.0,
        metavar="PERCENT",
        help="between the rates that held and broke (10)",
    )
    parser.add_argument("--seconds", type=number(10, 86_400), default=180.0, help="for one scenario (180)")
    add_urls(parser)
    add_destination(parser)
    parser.set_defaults(command=command)


def command(options: argparse.Namespace, console: Console) -> int:
    """Measure, write the chapter and print it. An error is raised after writing what was measured."""
    settings, folder = settings_of(options), destination(options)
    display, results = ProgressDisplay(console), Measured()
    try:
        with display.running():
            run(settings, results, display)
    except BaseException as error:  # also Ctrl-C
        _keep(settings, results, folder, error=error, console=console)
        raise
    shutil.rmtree(settings.run_dir, ignore_errors=True)  # a failed run keeps it for its logs
    report.print_chapter(report.add_chapter(folder, NAME, figures(settings, results)), NAME, console)
    return 0


def settings_of(options: argparse.Namespace) -> CapacitySettings:
    """Return the settings of a command line. Raise UsageError if they cannot be measured."""
    sides = tuple(side for side in SIDES if side in (options.side or SIDES))
    scenarios = tuple(dict.fromkeys(options.scenario or ("browse",)))
    require_live_url(scenarios, options)
    if options.start > options.ceiling:
        raise UsageError(f"--start {options.start:g} is above --ceiling {options.ceiling:g}")
    return CapacitySettings(
        level=Level(options.p95, options.errors),
        scenarios=scenarios,
        sides=sides,
        deployed={side: url for side, url in deployed(options).items() if side in sides},
        deployed_live=deployed_live(options),
        start=options.start,
        ceiling=options.ceiling,
        precision=options.precision / 100,
        seconds=options.seconds,
        run_dir=run_directory(NAME),
    )


def run(settings: CapacitySettings, results: Measured, display: ProgressDisplay) -> None:
    """Search every capacity and put each probe into `results` at once. Raise RunError or ParityError if that fails."""
    for url in settings.deployed.values():
        check_reachable(url)
    with LoadProcess() as generator:
        for name in settings.scenarios:
            until = monotonic() + settings.seconds - FLOOR_S
            with _both_up(settings, name, display) as plans, _meters(settings, name) as meters:
                results.urls |= {side: plan.base_url for side, plan in plans.items()}
                results.limits |= _limits(settings, name)
                searches = results.searches[name] = {
                    side: Search(
                        plan=plan, level=settings.level, start=settings.start, ceiling=settings.ceiling,
                        precision=settings.precision, meter=meters.get(side),
                    )
                    for side, plan in plans.items()
                }  # fmt: skip
                with display.phase(f"{name}: raise the rate until {settings.level} breaks"):
                    seconds = max(MIN_PROBING_S, until - monotonic())
                    alternate(searches, checked(generator.run), seconds=seconds, on_probe=_printer(name, display))
                search = searches.get("microservices")
                if search and origin_of(search.plan.base_url) == "emulated":
                    results.floors[name] = _floor(search, generator.run, display)


def alternate(
    searches: Mapping[str, Search], offer: Offer, *, seconds: float, on_probe: Callable[[str, Search, Probe], None]
) -> None:
    """Run a probe of each side alternately until both searches have ended or the time is over."""
    until, order = monotonic() + seconds, list(searches)
    while any(search.next_step() for search in searches.values()):
        for side in order:
            search = searches[side]
            if monotonic() > until:
                return
            if step := search.next_step():
                on_probe(side, search, search.run_next(step, offer))
                if search.meter:
                    search.meter.await_idle(within_s=IDLE_WITHIN_S)
        order.reverse()


def checked(offer: Offer) -> Offer:
    """Return `offer` that raises SystemFailed if a system has ended, because no rate says anything about that."""

    def run_block(plan: LoadPlan) -> BlockResult:
        block = offer(plan)
        if not block.succeeded:
            check_reachable(plan.base_url)
        return block

    return run_block


def figures(settings: CapacitySettings, results: Measured, *, ended_by: str = "") -> Figures:
    """Return the chapter for report.json. Rates and milliseconds have one decimal, ratios three."""
    last = [*results.searches][-1:]
    return {
        "slo": str(settings.level),
        "settings": {name: getattr(settings, name) for name in ("start", "ceiling", "precision", "seconds")},
        "complete": not ended_by,
        "ended_by": ended_by,
        "scenarios": {
            name: _scenario(name, probed, results, interrupted=bool(ended_by) and [name] == last)
            for name, searches in results.searches.items()
            if (probed := {side: search for side, search in searches.items() if search.probes})
        },
    }


def _scenario(name: str, searches: Mapping[str, Search], results: Measured, *, interrupted: bool) -> Figures:
    sides = {
        side: {
            **_bounds(search),
            "ended": _end(search, interrupted=interrupted),
            **_saturation(search, results.limits.get(side, 0), results.floors.get(name) if side == SIDES[1] else None),
            "curve": [_point(search, rate) for rate in sorted({probe.rate for probe in search.probes})],
            "origin": origin_of(results.urls[side]),
        }
        for side, search in searches.items()
    }
    if len(searches) == len(SIDES) and (compared := ratio((searches[SIDES[0]], searches[SIDES[1]]))):
        sides["ratio"] = {**compared, "origin": origin_of_both(*results.urls.values())}
    return sides


def _bounds(search: Search) -> Figures:
    knee = search.knee()
    if knee is None:
        return {"knee": _rounded(search.high), "low": 0.0, "high": _rounded(search.high), "bound": "below"}
    bound = "at least" if search.at_least else ""
    high = None if bound else _rounded(knee.high)
    return {"knee": _rounded(knee.rate), "low": _rounded(knee.low), "high": high, "bound": bound}


def _rounded(rate: float) -> float | None:
    return None if rate == inf else round(rate, 1)


def _end(search: Search, *, interrupted: bool) -> str:
    """Return why a search ended, in words."""
    high, probes = search.high, search.at(search.decisive)
    if high == inf:
        why = f"{search.decisive:.0f} a second held"
    elif search.at_least:
        why = f"at {high:.0f} a second {probes[-1].void or 'most probes were void'}: the limit is the load generator's"
    else:
        why = f"at {high:.0f} a second {'; '.join(search.broken(probes))}"
    if search.next_step():
        return f"{'the search was interrupted' if interrupted else 'the time was over'}; {why}"
    return f"{why}, which is the ceiling" if high == inf else why


def _saturation(search: Search, limit: int, floor: BlockResult | None) -> Figures:
    probes, rate = search.at(search.decisive), search.decisive
    broken = search.level.broken([floor]) if floor else []
    usages = [probe.usage for probe in probes if probe.usage]
    sentence, seen = evidence([probe.block for probe in probes], usages, rate=rate, limit=limit, floor_broken=broken)
    if floor and seen:
        seen["gateway_floor"] = {"rate": _rounded(rate), **_percentiles([floor]), "held": not broken}
    return {"saturated": sentence, "evidence": seen}


def _point(search: Search, rate: float) -> Figures:
    """Return one point of the curve."""
    probes = search.at(rate)
    blocks = [probe.block for probe in probes]
    offered = sum(block.offered for block in blocks) or 1
    share = {
        name: sum(getattr(block, name) for block in blocks) / offered
        for name in ("succeeded", "errors", "refused", "dropped")
    }
    outcome = Outcome.VOID if probes[0].void else Outcome.BROKEN if search.broken(probes) else Outcome.HELD
    return {
        "rate": _rounded(rate),
        "goodput": round(rate * share.pop("succeeded"), 1),
        **_percentiles(blocks),
        **{f"{name}_percent": round(100 * value, 2) for name, value in share.items()},
        "probes": len(probes),
        "outcome": str(outcome),
    }


def _percentiles(blocks: list[BlockResult]) -> Figures:
    return {f"p{each}_ms": round(percentile_of_blocks(blocks, each), 1) for each in (50, 95, 99)}


def _keep(
    settings: CapacitySettings, results: Measured, folder: Path, *, error: BaseException, console: Console
) -> None:
    """Write an incomplete chapter. The systems have ended by now."""
    if isinstance(error, Interrupted):
        shutil.rmtree(settings.run_dir, ignore_errors=True)  # nothing failed, so nobody needs its logs
    if not any(search.probes for searches in results.searches.values() for search in searches.values()):
        return
    with ignore_interrupts():
        chapter = figures(settings, results, ended_by=str(error) or type(error).__name__)
        report.print_chapter(report.add_chapter(folder, NAME, chapter), NAME, console)


@contextmanager
def _both_up(settings: CapacitySettings, name: str, display: ProgressDisplay) -> Iterator[dict[str, LoadPlan]]:
    """Start the sides that are not deployed on fresh data, and yield the plan of each side's probes."""
    started, folder = _started(settings), settings.run_dir / name
    with ExitStack() as stack:
        with display.phase(f"{name}: start {' and '.join(system.name for system in started) or 'nothing'}"):
            urls = {**stack.enter_context(systems.running(folder, started)), **settings.deployed}
        feeds = {side: live.beside(url) for side, url in settings.deployed.items()} | settings.deployed_live
        feeds |= {system.name: systems.live_url(system, folder) for system in started}
        worlds = seed_alike({side: urls[side] for side in settings.sides}, DATA, display)
        subscribers = DATA.subscribers if name == LIVE else 0
        yield {
            side: LoadPlan(
                base_url=urls[side], rate=1, duration_s=1, warm_up_s=0, seed=name, scenario=name, world=world,
                live_url=feeds.get(side, ""), subscribers=subscribers,
            )
            for side, world in worlds.items()
        }  # fmt: skip


def _started(settings: CapacitySettings) -> list[systems.System]:
    return [one for one in systems.BOTH if one.name in settings.sides and one.name not in settings.deployed]


@contextmanager
def _meters(settings: CapacitySettings, name: str) -> Iterator[dict[str, Meter]]:
    """Yield a meter for each started system. Processes of a deployed one cannot be measured."""
    folder, meters = settings.run_dir / name, {}
    with ExitStack() as stack:
        for system in _started(settings):
            database = None
            if system == systems.MONOLITH:
                database = connect(database_url(folder), pool_size=1)
                stack.callback(database.dispose)
            meters[system.name] = Meter([system.mark(folder)], database)
        yield meters


def _limits(settings: CapacitySettings, name: str) -> dict[str, int]:
    at_once = {one.name: resources.of_system(one, settings.run_dir / name).at_once for one in _started(settings)}
    return {side: max(limits.values(), default=0) for side, limits in at_once.items()}


def _floor(search: Search, offer: Offer, display: ProgressDisplay) -> BlockResult:
    """Offer the decisive rate to an empty function behind the same gateway."""
    rate = search.decisive
    with display.phase(f"the empty function at {rate:.0f} a second"), cloud.deployed(search.plan.base_url) as url:
        warm(url)
        plan = replace(search.plan_of(Step(rate, long=True)), base_url=url, scenario="", path=PATHS["empty"])
        return measured(plan, offer, search.meter)[0]


def _printer(name: str, display: ProgressDisplay) -> Callable[[str, Search, Probe], None]:
    def print_probe(side: str, search: Search, probe: Probe) -> None:
        result = f"void: {probe.void}" if probe.void else "; ".join(search.broken([probe])) or "held"
        line = f"  {name}, {side}, {probe.rate:.1f} a second: {result}"
        display.console.print(line, highlight=False, markup=False, soft_wrap=True)

    return print_probe
