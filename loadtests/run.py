"""One run: start the systems, seed, check parity, measure floors, load both sides in alternating blocks, measure freshness.

A run that ends early keeps what it measured.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import randbits
from time import time
from typing import Any

import httpx
import psutil
from rich.console import Console

from loadtests import freshness, provenance, report, resources, systems
from loadtests.client import CallFailed, open_client
from loadtests.data.seeding import STEPS, seed
from loadtests.data.world import World
from loadtests.errors import ParityError
from loadtests.floors.measure import measure_floors
from loadtests.forecast.chapters import chapters
from loadtests.live import subscriber as live
from loadtests.load import BlockResult, LoadPlan
from loadtests.load_process import LoadFailed, LoadProcess
from loadtests.metering.chapter import meter_running
from loadtests.metering.counts import CHAPTER as METERING
from loadtests.parity import compare_answers
from loadtests.parity.contract import contract_checks
from loadtests.parity.odd_requests import compare_odd_requests, targets_of
from loadtests.processes import ignore_interrupts
from loadtests.progress import ProgressDisplay
from loadtests.results import SIDES, UNKNOWN, Parity, Resources, Results, SideBlock
from loadtests.settings import Profile, RunSettings
from loadtests.systems import SystemFailed, check_reachable

FINE, DIFFERENT, VOID = 0, 1, 2
ODD_REQUESTS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Both running sides with seeded data. live: their live feeds; an unknown one is empty."""

    settings: RunSettings
    display: ProgressDisplay
    urls: dict[str, str]
    live: dict[str, str]
    worlds: dict[str, World]

    def plans(self, scenario: str) -> dict[str, LoadPlan]:
        """Return the plan of each side's blocks in a scenario."""
        return {side: self.settings.load.apply(self._steady_plan(scenario, side)) for side in self.urls}

    def resources(self) -> dict[str, Resources]:
        """Return the resources of each side, unknown for a deployed one."""
        settings = self.settings
        return {
            side: UNKNOWN if side in settings.deployed else resources.of_system(system, settings.folder(side))
            for side, system in settings.sides.items()
        }

    def await_projections(self) -> None:
        """Wait until the projections have caught up, so that one phase leaves no work to the next."""
        with self.display.phase("projections catch up", len(self.urls)) as done:
            for side, url in self.urls.items():
                freshness.await_caught_up(url, self.worlds[side])
                done()

    def _steady_plan(self, scenario: str, side: str) -> LoadPlan:
        profile = self.settings.profile
        return LoadPlan(
            base_url=self.urls[side],
            live_url=self.live[side],
            subscribers=profile.subscribers,
            rate=profile.rates[scenario],
            duration_s=profile.block_s,
            warm_up_s=profile.warm_up_s,
            seed=scenario,
            scenario=scenario,
            world=self.worlds[side],
        )


def run_and_report(settings: RunSettings, folder: Path, console: Console) -> dict[str, Any]:
    """Run, write the report into a new folder, and return its figures. An error is raised after writing what was measured."""
    require_reachable(settings)
    display = ProgressDisplay(console)
    results = Results(
        sides=tuple(settings.sides), profile=settings.profile.name, settings=settings.as_figures(), provenance=provenance.collect()
    )  # fmt: skip
    with display.running():
        try:
            run(settings, results, display)
        except BaseException as error:  # also Ctrl-C
            _keep(results, error, folder, console)
            raise
        with display.phase("report"), ignore_interrupts():  # half a report is useless
            report.write(results, folder)
    shutil.rmtree(settings.run_dir, ignore_errors=True)  # a failed run keeps it for its logs
    figures: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return figures


def run(settings: RunSettings, results: Results, display: ProgressDisplay) -> None:
    """Go through all phases and put each result into `results` at once. Raise RunError or ParityError if a phase fails."""
    with both_up(settings, display) as sides:
        results.urls = sides.urls
        results.parity = _parity(sides)
        sides.await_projections()
        results.resources.append(sides.resources())
        with (
            LoadProcess() as generator
        ):  # its subscribers leave the live feed with it: metering must count no message to them
            _load(sides, generator, results)
        results.resources.append(sides.resources())
        _freshness_and_audit(sides, results)
        if not settings.is_aa and not settings.deployed:
            services, own = settings.folder("microservices"), settings.run_dir / "metering"
            results.chapters[METERING] = meter_running(services, own, sides.worlds["microservices"], display)
    if not settings.is_aa:
        with display.phase("forecast for AWS"):
            results.chapters |= chapters(results.chapters.get(METERING))


def _load(sides: Sides, generator: LoadProcess, results: Results) -> None:
    settings = sides.settings
    if not settings.is_aa:
        results.floors = _floors(sides, generator)
    with resources.measure_cpu_steal(results):
        for name in settings.scenarios:
            blocks = results.scenarios[name] = []
            for block in _blocks(name, sides, generator):
                blocks.append(block)  # at once, so that an interrupted run keeps it
            sides.await_projections()


def require_reachable(settings: RunSettings) -> None:
    """Check the deployed systems before anything starts. Raise SystemFailed or WrongContract."""
    for url in settings.deployed.values():
        check_reachable(url)


def interleave(
    offer: Callable[[LoadPlan], BlockResult], plans: dict[str, LoadPlan], *, pairs: int
) -> Iterator[SideBlock]:
    """Yield the blocks of both sides, alternating A B B A …. Both blocks of a pair run the same journeys."""
    at_s = 0.0
    for block, side in enumerate(alternating(pairs, tuple(plans))):
        plan = replace(plans[side], seed=f"{plans[side].seed} {block // 2}")
        yield SideBlock(side, at_s, offer(plan))
        at_s += plan.warm_up_s + plan.duration_s


def alternating(pairs: int, sides: Sequence[str] = SIDES) -> Iterator[str]:
    """Yield the sides in the order A B B A A B …, so that a drift of the machine affects both equally."""
    for pair in range(pairs):
        yield from sides if pair % 2 == 0 else sides[::-1]


def _keep(results: Results, error: BaseException, folder: Path, console: Console) -> None:
    """Write an incomplete report. The systems have ended by now."""
    if not results.played:
        return
    results.ended_by = str(error) or type(error).__name__
    with ignore_interrupts():
        report.write(results, folder)
    console.print(f"what was measured so far: {folder / 'report.html'}", soft_wrap=True, highlight=False)


@contextmanager
def both_up(settings: RunSettings, display: ProgressDisplay) -> Iterator[Sides]:
    """Start the sides that are not deployed and seed both, for the length of a block. Name a system that ends meanwhile."""
    folders: dict[Path, list[str]] = {}
    for side in settings.started:
        folders.setdefault(settings.folder(side), []).append(side)
    with ExitStack() as stack:
        urls = dict(settings.deployed)
        with display.phase(f"start {' and '.join(settings.started) or 'nothing'}"):
            for folder, sides in folders.items():
                by_name = stack.enter_context(systems.running(folder, [settings.sides[side] for side in sides]))
                urls |= {side: by_name[settings.sides[side].name] for side in sides}
        urls = {side: urls[side] for side in settings.sides}
        with _naming_a_dead_system(settings):
            worlds = _seed(urls, settings.profile, display)
            yield Sides(settings=settings, display=display, urls=urls, live=_live_urls(settings), worlds=worlds)


def _seed(urls: dict[str, str], profile: Profile, display: ProgressDisplay) -> dict[str, World]:
    run_name, worlds = f"{int(time()):x}", {}
    for side, url in urls.items():
        with display.phase(f"{side}: seed the same data", STEPS) as done:
            worlds[side] = seed(url, profile.size, run=run_name, done=done)
    return worlds


def _live_urls(settings: RunSettings) -> dict[str, str]:
    """Return the live feeds. A deployed monolith serves its feed below its base URL."""
    deployed_monolith = {
        side: live.live_url_below(url)
        for side, url in settings.deployed.items()
        if settings.sides[side].name == systems.MONOLITH.name
    }
    started = {side: systems.live_url(system, settings.folder(side)) for side, system in settings.started.items()}
    return {**dict.fromkeys(settings.sides, ""), **deployed_monolith, **started, **settings.deployed_live}


@contextmanager
def _naming_a_dead_system(settings: RunSettings) -> Iterator[None]:
    """Raise SystemFailed in place of an error that a system caused by ending."""
    try:
        yield
    except (CallFailed, LoadFailed, SystemFailed, psutil.NoSuchProcess):
        _require_alive(settings)
        raise
    except httpx.TransportError as error:
        _require_alive(settings)
        raise SystemFailed(f"a system stopped answering: {error}") from error


def _require_alive(settings: RunSettings) -> None:
    """Raise SystemFailed if a system that this run started has ended, or a deployed one does not answer."""
    for side, system in settings.started.items():
        if systems.running_url(system, settings.folder(side)) is None:
            raise SystemFailed(f"{side} ended in the middle of the run (log: {system.log(settings.folder(side))})")
    require_reachable(settings)


def _parity(sides: Sides) -> Parity:
    with sides.display.phase("parity: the same requests to both, answers compared"), ExitStack() as stack:
        clients = {side: stack.enter_context(open_client(url)) for side, url in sides.urls.items()}
        parity = compare_answers(clients, sides.worlds, alone=not sides.settings.deployed)
    if not sides.settings.is_aa:
        with sides.display.phase("parity: the contract tests on both"):
            contract = contract_checks(sides.urls, sides.live)
        odd = _odd_requests(sides)
        failed = [*parity.failed, *contract.failed, *odd.failed]
        parity = Parity(parity.checks + contract.checks + odd.checks, failed, contract.rechecked_alone)
    if parity.failed:
        _require_alive(sides.settings)  # all checks fail on a system that has ended
        message = f"{len(parity.failed)} of {parity.checks} parity checks failed; no figures were written:"
        raise ParityError(message, parity.failed)
    return parity


def _odd_requests(sides: Sides) -> Parity:
    """Send random unusual requests to both systems, different ones in each run. A deployed system may be behind a firewall."""
    if sides.settings.deployed:
        return Parity()
    with sides.display.phase("parity: random odd requests to both"):
        return compare_odd_requests(
            targets_of(sides.urls, sides.live, sides.worlds), count=ODD_REQUESTS, seed=randbits(32)
        )


def _floors(sides: Sides, generator: LoadProcess) -> dict[str, dict[str, list[BlockResult]]]:
    settings = sides.settings
    own = None if "monolith" in settings.deployed else settings.run_dir
    with sides.display.phase("floors: empty function, empty route, one read by key", 4) as done:
        return measure_floors(sides.urls, generator.run, rate=settings.profile.rates["publish"], own=own, done=done)


def _blocks(scenario: str, sides: Sides, generator: LoadProcess) -> Iterator[SideBlock]:
    """Yield the blocks of a scenario. Raise SystemFailed if a system has ended."""
    plans, profile, display = sides.plans(scenario), sides.settings.profile, sides.display
    with display.phase(f"{scenario}: alternating blocks on both sides", 2 * profile.pairs) as done:
        for measured in interleave(generator.run, plans, pairs=profile.pairs):
            if not measured.block.succeeded:
                _require_alive(sides.settings)
                check_reachable(plans[measured.side].base_url)
            yield measured
            done()


def _freshness_and_audit(sides: Sides, results: Results) -> None:
    """Measure freshness and audit consistency. An A/A run only audits."""
    settings, display = sides.settings, sides.display
    trials = 0 if settings.is_aa else settings.profile.freshness
    name = "consistency audit" if settings.is_aa else "freshness and consistency audit"
    for side, url in sides.urls.items():
        with display.phase(f"{side}: {name}", max(1, freshness.STEPS * trials)) as done:
            results.freshness[side] = freshness.measure(
                url, sides.live[side], sides.worlds[side], trials=trials, done=done
            )
