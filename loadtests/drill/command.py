"""`python -m loadtests drill`: inject the same faults into both sides under load, and show how each fails and recovers.

Both systems start once and run at the same time. After a side has not recovered, its other drills are left out.
"""

import argparse
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Thread
from time import sleep, time
from typing import Any, TypeVar

import httpx
from rich.console import Console

from loadtests import freshness, settings, systems
from loadtests.client import CallFailed
from loadtests.data import seeding
from loadtests.data.world import World
from loadtests.drill import monolith, oracle
from loadtests.drill.faults import FAULTS, Fault
from loadtests.drill.monolith import Monolith
from loadtests.drill.services import Services
from loadtests.drill.timeline import served_again_s, timeline_of
from loadtests.load import BlockResult, LoadPlan
from loadtests.load_process import LoadProcess
from loadtests.progress import ProgressDisplay
from loadtests.provenance import origin_of
from loadtests.report import measure_chapter
from loadtests.results import SIDES

CHAPTER = "drills"
ABOUT = """Start both systems, load them with the ordinary journeys, and inject one fault after the other into both. Show what users
saw, how long it lasted, what was lost or doubled, and what had to be repaired by hand. Exit status 1 if anything was lost or
doubled, or a side did not recover."""
MIX = "everything"
SIZE = seeding.Size(accounts=12, posts=40, votes=100)
BEFORE_S, AFTER_S = 4.0, 8.0  # seconds of load before a fault, and after its end
WARM_UP_S = 5.0
BROKEN = 1
Figures = dict[str, Any]
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One running side. rate: arrivals a second. votes: of the oracle, a second. repeat: how often each fault is injected."""

    name: str
    url: str
    world: World
    run_dir: Path
    generator: LoadProcess
    rate: float
    votes: float
    repeat: int

    def plan(self, name: str, seconds: float) -> LoadPlan:
        """Return a load of the ordinary journeys. name: draws the same journeys on every side."""
        return LoadPlan(
            base_url=self.url, rate=self.rate, duration_s=seconds, warm_up_s=0, seed=name, scenario=MIX, world=self.world
        )  # fmt: skip


@dataclass(slots=True)
class DrillResults:
    """The drills so far, by fault and side. lost: the fault from which a side did not recover."""

    rate: float
    origins: dict[str, str] = field(default_factory=dict)
    drills: dict[str, dict[str, Figures]] = field(default_factory=dict)
    lost: dict[str, str] = field(default_factory=dict)

    @property
    def kept(self) -> bool:
        """Whether every side kept its promises: it recovered, and nothing was lost or doubled."""
        done = [one for sides in self.drills.values() for one in sides.values() if one["reason"] is None]
        return not self.lost and not any(sum(one["lost_or_doubled"].values()) for one in done)

    def figures(self) -> Figures:
        """Return the chapter of report.json."""
        return {"rate": self.rate, "mix": MIX, "origins": self.origins, "drills": self.drills}


def register(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    names = [fault.name for fault in FAULTS]
    parser.description = ABOUT
    parser.add_argument("--fault", action="append", choices=names, help="only this one; may be repeated")
    parser.add_argument("--side", choices=SIDES, help="only this side")
    parser.add_argument("--rate", type=settings.RATE, default=15.0, help="arrivals a second on each side (15)")
    parser.add_argument("--votes", type=settings.RATE, default=10.0, help="audited votes a second on each side (10)")
    parser.add_argument(
        "--repeat", type=settings.number(1, 1000, int), default=1, help="how often each fault is injected (1)"
    )
    settings.add_destination(parser)
    parser.set_defaults(command=run)


def run(options: argparse.Namespace, console: Console) -> int:
    """Start the systems, run the drills and write the chapter. Return 1 if a promise was broken."""
    run_dir, results = settings.run_directory("drill"), DrillResults(options.rate)
    measure_chapter(
        CHAPTER, settings.destination(options), console, run_dir=run_dir,
        measure=lambda display: measure(options, run_dir, display, results),
        figures=lambda: results.figures() if results.drills else {},
    )  # fmt: skip
    return 0 if results.kept else BROKEN


def measure(options: argparse.Namespace, run_dir: Path, display: ProgressDisplay, results: DrillResults) -> None:
    """Run the chosen drills on the chosen sides, and put each result into `results` at once."""
    chosen = [fault for fault in FAULTS if fault.name in (options.fault or [one.name for one in FAULTS])]
    both = (monolith.system(run_dir), systems.MICROSERVICES)
    started = [system for system in both if options.side in (None, system.name)]
    with ExitStack() as stack:
        with display.phase(f"start {' and '.join(system.name for system in started)}"):
            urls = stack.enter_context(systems.running(run_dir, started))
        if systems.MICROSERVICES in started:
            Services(run_dir).add_hooks()
        results.origins |= {side: origin_of(url) for side, url in urls.items()}
        with display.phase("the same data on both sides"):
            worlds = _on_sides(urls, lambda side: _seed(urls[side]))
        sides = {
            name: Side(
                name=name, url=url, world=worlds[name], run_dir=run_dir, generator=stack.enter_context(LoadProcess()),
                rate=options.rate, votes=options.votes, repeat=options.repeat,
            )
            for name, url in urls.items()
        }  # fmt: skip
        with display.phase("warm up"):
            _on_sides(urls, lambda side: sides[side].generator.run(sides[side].plan("warm-up", WARM_UP_S)))
        for fault in chosen:
            with display.phase(f"drill {fault.name}"):
                results.drills[fault.name] = _on_sides(urls, lambda side: _drill(sides[side], fault, results))  # noqa: B023


def _drill(side: Side, fault: Fault, results: DrillResults) -> Figures:
    """Inject a fault into one side under load, and return what happened. reason: why it was not injected."""
    about = {"about": fault.about()[side.name], "ends": fault.ends}
    inject: Any = fault.monolith if side.name == systems.MONOLITH.name else fault.services
    if isinstance(inject, str):
        return {**about, "reason": inject}
    if side.name in results.lost:
        return {**about, "reason": f"did not recover from {results.lost[side.name]}"}
    target = (Monolith if side.name == systems.MONOLITH.name else Services)(side.run_dir)
    witness, spans = oracle.begin(side.url, f"{int(time()):x}"), list[tuple[float, float]]()
    seconds = BEFORE_S + side.repeat * (fault.lasts_s + AFTER_S)
    load = _in_background(lambda: side.generator.run(side.plan(fault.name, seconds)))
    with witness.writing(side.world.accounts, rate=side.votes):
        for number in range(side.repeat):
            sleep(AFTER_S if number else BEFORE_S)
            began = time()
            with inject(target):
                sleep(fault.lasts_s)
            spans.append((began, time()))
    try:
        deviations = witness.await_effects()
        caught_up_s = round(time() - spans[-1][0], 1)
        block = load.result()
        deviations |= _audit(side)
    except (CallFailed, httpx.TransportError) as error:
        results.lost[side.name] = fault.name
        deviations, caught_up_s, block = {}, None, load.result()
        about["error"] = str(error)
    return {
        **about, **_figures(block, spans, witness), "caught_up_s": caught_up_s, "lost_or_doubled": deviations,
        "by_hand": target.by_hand, "reason": None,
    }  # fmt: skip


def _figures(block: BlockResult, spans: list[tuple[float, float]], witness: oracle.Oracle) -> Figures:
    timeline = timeline_of(block.seconds)
    injected, ended = ([round(span[end] - block.began, 1) for span in spans] for end in (0, 1))
    return {
        "features": timeline,
        "injected_s": injected,
        "ended_s": ended,
        "served_again_s": max(served_again_s(timeline, injected)),
        "reasons": block.reasons,
        "answers": witness.counts(),
    }


def _audit(side: Side) -> dict[str, int]:
    audited = freshness.measure(side.url, "", side.world, trials=0, done=lambda: None)
    counts = {"votes of the load": audited.lost_or_doubled_votes, **asdict(audited.audit)}
    return {name.replace("_", " "): count for name, count in counts.items()}


def _seed(url: str) -> World:
    return seeding.seed(url, SIZE, run=f"{int(time()):x}", done=lambda: None)


def _on_sides(sides: Any, work: Callable[[str], Made]) -> dict[str, Made]:
    """Call a function for each side at the same time, and return its results by side."""
    started = {side: _in_background(lambda side=side: work(side)) for side in sides}  # type: ignore[misc]
    return {side: future.result() for side, future in started.items()}


def _in_background(work: Callable[[], Made]) -> Future[Made]:
    """Run a function in a thread that does not outlive an interrupted command."""
    future: Future[Made] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    Thread(target=run, daemon=True).start()
    return future
