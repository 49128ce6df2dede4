"""Brings both systems up on fresh data for each scenario and searches their capacities, one probe of each side in turns."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic, time

from loadtests import reachable, resources, systems
from loadtests.capacity.climb import Climb, Probe
from loadtests.capacity.database import Connections
from loadtests.capacity.search import Search
from loadtests.capacity.slo import Slo
from loadtests.capacity.usage import Meter, Usage
from loadtests.data.seeding import STEPS, seed
from loadtests.data.world import World
from loadtests.floors import cloud
from loadtests.floors.measured import PATHS, database_url, warm
from loadtests.live import subscriber as live
from loadtests.load import LIVE, BlockResult, LoadPlan
from loadtests.load_process import LoadProcess
from loadtests.profiles import PROFILES
from loadtests.progress import Shown
from loadtests.provenance import origin_of

DATA = PROFILES["standard"]
REST_WITHIN_S = 5.0
FLOOR_S = 10.0  # for the floor, after the probes
LEAST_S = 60.0  # of probes, however long the start took
Run = Callable[[LoadPlan], BlockResult]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """What the command line asks for. given: base URLs of systems that are already there, and live_given their live feeds.

    start, ceiling: requests a second. precision: a share. seconds: for a scenario, with the start.
    """

    slo: Slo
    scenarios: tuple[str, ...]
    sides: tuple[str, ...]
    given: dict[str, str]
    live_given: dict[str, str]
    start: float
    ceiling: float
    precision: float
    seconds: float
    run_dir: Path


@dataclass(frozen=True, slots=True)
class Floor:
    """The empty function behind the services' gateway, at the rate that broke them."""

    rate: float
    block: BlockResult
    usage: Usage | None


@dataclass(slots=True)
class Found:
    """What was measured so far, by scenario and side. limits: requests that a side answers at once, by what answers them."""

    urls: dict[str, str] = field(default_factory=dict)
    climbs: dict[str, dict[str, Climb]] = field(default_factory=dict)
    floors: dict[str, Floor] = field(default_factory=dict)
    limits: dict[str, dict[str, int]] = field(default_factory=dict)


def run(asked: RunSettings, found: Found, shown: Shown) -> None:
    """Search every capacity and put what is found into `found`, as it is found.

    Raise SystemFailed, CallFailed, WrongContract or LoadFailed if that cannot go on.
    """
    for url in asked.given.values():
        reachable.check(url)
    with LoadProcess() as generator:
        for name in asked.scenarios:
            until = monotonic() + asked.seconds - FLOOR_S
            with _up(asked, name, shown) as plans, _meters(asked, name) as meters:
                found.urls |= {side: plan.base_url for side, plan in plans.items()}
                found.limits |= _limits(asked, name)
                climbs = found.climbs[name] = {
                    side: Climb(
                        plan, asked.slo, Search(asked.start, asked.ceiling, asked.precision), meter=meters.get(side)
                    )
                    for side, plan in plans.items()
                }
                with shown.phase(f"{name}: the rate is raised until {asked.slo.text} breaks"):
                    seconds = max(LEAST_S, until - monotonic())
                    take_turns(climbs, checked(generator.run), seconds=seconds, told=_teller(name, shown))
                if (climb := climbs.get("microservices")) and origin_of(climb.plan.base_url) == "emulated":
                    found.floors[name] = _floor(climb, generator.run, shown)


def take_turns(
    climbs: Mapping[str, Climb], run: Run, *, seconds: float, told: Callable[[str, Climb, Probe], None]
) -> None:
    """Run a probe of each side in turns until all searches have ended or the time is over; `told` hears of each."""
    until, order = monotonic() + seconds, list(climbs)
    while any(climb.next for climb in climbs.values()):
        for side in order:
            if monotonic() > until:
                return
            if climbs[side].next:
                told(side, climbs[side], climbs[side].probe(run))
                _rest(climbs[side])
        order.reverse()


def _rest(climb: Climb) -> None:
    if climb.meter:
        climb.meter.rest(within_s=REST_WITHIN_S)


def checked(run: Run) -> Run:
    """Return `run`, that raises SystemFailed of a system that is gone: no rate says anything about one."""

    def measured(plan: LoadPlan) -> BlockResult:
        block = run(plan)
        if not block.succeeded:
            reachable.check(plan.base_url)
        return block

    return measured


@contextmanager
def _up(asked: RunSettings, name: str, shown: Shown) -> Iterator[dict[str, LoadPlan]]:
    """Keep what was not given up for one scenario, on fresh data; gives the plans of its probes by side."""
    own = _started(asked)
    folder = asked.run_dir / name
    with ExitStack() as stack:
        with shown.phase(f"{name}: start {' and '.join(system.name for system in own) or 'nothing'}"):
            urls = {**stack.enter_context(systems.running(folder, own)), **asked.given}
        feeds = {side: live.beside(url) for side, url in asked.given.items()} | asked.live_given
        feeds |= {system.name: systems.live_url(system, folder) for system in own}
        worlds = _seeded({side: urls[side] for side in asked.sides}, shown)
        yield {side: _plan(name, urls[side], feeds.get(side, ""), world) for side, world in worlds.items()}


def _started(asked: RunSettings) -> list[systems.System]:
    return [system for system in systems.BOTH if system.name in asked.sides and system.name not in asked.given]


def _plan(name: str, url: str, live_url: str, world: World) -> LoadPlan:
    """The rate and the seconds are each probe's own."""
    return LoadPlan(
        base_url=url, rate=1, duration_s=1, warm_up_s=0, seed=name, scenario=name, world=world, live_url=live_url,
        subscribers=DATA.subscribers if name == LIVE else 0,
    )  # fmt: skip


def _seeded(urls: Mapping[str, str], shown: Shown) -> dict[str, World]:
    run_name, worlds = f"{int(time()):x}", {}
    for side, url in urls.items():
        with shown.phase(f"{side}: fresh data", STEPS) as done:
            worlds[side] = seed(url, DATA.size, run=run_name, done=done)
    return worlds


@contextmanager
def _meters(asked: RunSettings, name: str) -> Iterator[dict[str, Meter]]:
    """Give a meter for each system that this run started; of others nothing can be seen."""
    folder, meters = asked.run_dir / name, {}
    with ExitStack() as stack:
        for system in _started(asked):
            look = None
            if system == systems.MONOLITH:
                look = stack.enter_context(closing(Connections(database_url(folder)))).look
            meters[system.name] = Meter([system.mark(folder)], look)
        yield meters


def _limits(asked: RunSettings, name: str) -> dict[str, dict[str, int]]:
    return {system.name: resources.of_system(system, asked.run_dir / name).at_once for system in _started(asked)}


def _floor(climb: Climb, run: Run, shown: Shown) -> Floor:
    """Offer the rate that broke the services, or the highest that held, to an empty function behind the same gateway."""
    at = climb.decisive
    with shown.phase(f"the empty function at {at.rate:.0f} a second"), cloud.deployed(climb.plan.base_url) as url:
        warm(url)
        plan = replace(climb.planned(at), base_url=url, scenario="", path=PATHS["empty"])
        return Floor(at.rate, climb.measured(plan, run), climb.usage)


def _teller(name: str, shown: Shown) -> Callable[[str, Climb, Probe], None]:
    def told(side: str, climb: Climb, probe: Probe) -> None:
        why = f"void: {probe.void}" if probe.void else "; ".join(climb.broken([probe])) or "held"
        shown.console.print(
            f"  {name}, {side}, {probe.rate:.1f} a second: {why}", highlight=False, markup=False, soft_wrap=True
        )

    return told
