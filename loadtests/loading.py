"""`python -m loadtests load`: open load on one system, and what came of it, printed."""

import argparse
from math import ceil
from time import time

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from loadtests import processes, settings
from loadtests.data import seeding
from loadtests.data.world import World
from loadtests.histograms import decoded, percentile_ms
from loadtests.live.subscriber import beside
from loadtests.load import LIVE, BlockResult, LoadPlan
from loadtests.load_process import LoadProcess
from loadtests.mixes import named
from loadtests.progress import ProgressDisplay
from loadtests.report.voids import of_generator
from loadtests.settings import PROFILES
from loadtests.shapes import STEADY
from loadtests.systems import check_reachable

FINE, VOID = 0, 2
SECONDS = 30.0
ROWS = 20  # of the table over time
LEAST_S = 0.1  # of a load that was ended early
ABOUT = """Seeds a system that is already up, offers it journeys as they arrive, however long its answers take, and prints what it
answered, how fast, and what the generator itself needed. Ended by Ctrl-C it prints what came of the load so far. The exit status is
2 where the generator was too busy to be believed, 4 where the system has gone."""


def register(verb: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    verb.description = ABOUT
    verb.add_argument("--url", required=True, help="base URL of either system")
    verb.add_argument(
        "--scenario", choices=settings.LoadOptions().scenarios, help="a mix of loadtests/mixes, or live (browse)"
    )
    verb.add_argument("--live-url", help="of its live feed, for the scenario live (below the base URL)")
    settings.add_load_options(verb)
    verb.set_defaults(command=run)


def run(asked: argparse.Namespace, console: Console) -> int:
    """Seed one system a little, offer it load, print what came of it; 2 if the generator was too busy to be believed."""
    given, shown = settings.load_options(asked), ProgressDisplay(console)
    scenario = asked.scenario or (given.mix.name if given.mix else "browse")
    if scenario not in (LIVE, given.mix.name if given.mix else ""):
        named(scenario)  # what is wrong with its file is said before anything starts
    check_reachable(asked.url)
    with shown.running():
        with shown.phase("seed", seeding.STEPS) as done:
            world = seeding.seed(asked.url, PROFILES["quick"].size, run=f"{int(time()):x}", done=done)
        plan = given.apply(_steady(asked, scenario, world, seconds=given.block_s(asked.duration) or SECONDS))
        with LoadProcess(given.workers) as generator, shown.phase(_words(given, plan)):
            block, ended = _offered(generator, plan)
    show(block, plan, console)
    if ended:
        raise ended
    if block.errors:  # of a system that has gone
        check_reachable(asked.url)
    return VOID if any(of_generator([block])) else FINE


def _offered(generator: LoadProcess, plan: LoadPlan) -> tuple[BlockResult, processes.Interrupted | None]:
    """Return what came of the load, and what ended it early."""
    try:
        return generator.run(plan), None
    except processes.Interrupted as ended:
        with processes.ignore_interrupts():
            return generator.stop_early(), ended


def show(block: BlockResult, plan: LoadPlan, console: Console) -> None:
    """Print what one block of load came to, and how it went over time."""
    seconds, total = plan.duration_s, decoded(block.latencies)
    if block.ended_at_s is not None:
        seconds = max(block.ended_at_s, LEAST_S)
        console.print(f"incomplete: ended {seconds:.1f} s after the warm-up", style="red", highlight=False)
    times = ", ".join(f"p{each:g} {percentile_ms(total, each):.1f} ms" for each in (50, 95, 99))
    console.print(
        f"{block.succeeded / seconds:.1f} right answers a second of {block.offered / seconds:.1f} offered; {times}"
    )
    console.print(f"errors {block.errors}, refused {block.refused}, dropped {block.dropped}")
    console.print(f"generator: {block.cpu:.0%} of a core, {block.late} late")
    for why in of_generator([block]):
        console.print(f"void: {why}", style="red", highlight=False)
    for worker in block.workers:
        console.print(f"  {worker.name}: {worker.arrivals} arrivals, {worker.late} late, {worker.cpu:.0%} of a core")
    for lost in block.lost_workers:
        console.print(f"lost: {lost}", style="red", highlight=False)
    for reason, count in block.reasons.items():
        console.print(f"  {count} × {reason}", markup=False)
    console.print(_over_time(block))


def _steady(asked: argparse.Namespace, scenario: str, world: World, *, seconds: float) -> LoadPlan:
    return LoadPlan(
        base_url=asked.url, rate=asked.rate or 30.0, duration_s=seconds, warm_up_s=1, seed="load", scenario=scenario, world=world,
        live_url=asked.live_url or beside(asked.url), subscribers=PROFILES["quick"].subscribers,
    )  # fmt: skip


def _words(given: settings.LoadOptions, plan: LoadPlan) -> str:
    up_to = "" if given.shape == STEADY else "up to "
    rate = f"{len(plan.trace)} arrivals" if plan.trace else f"{up_to}{plan.rate:g} a second"
    return f"{plan.scenario}, {given.name}: {rate} in {plan.duration_s:g} s"


def _over_time(block: BlockResult) -> Table:
    """Return every second, or of a long block every so many that the table stays short."""
    table = Table("second", "offered", "p50 ms", "p95 ms", box=SIMPLE, pad_edge=False, header_style="dim")
    for second in block.seconds[:: ceil(len(block.seconds) / ROWS) or 1]:
        table.add_row(f"{second.at_s}", f"{second.offered}", f"{second.p50_ms:.1f}", f"{second.p95_ms:.1f}")
    return table
