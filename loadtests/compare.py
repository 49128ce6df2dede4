"""The comparison: systems up, same data, parity, floors, scenarios in turns, freshness. The report follows from it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import time
from typing import Any

import httpx
import psutil

from loadtests import contract_gate, freshness, provenance, reachable, resources, systems
from loadtests.blocks import SIDES, GeneratorFailed, GeneratorProcess, interleaved
from loadtests.client import CallFailed, opened
from loadtests.floors.measured import Floors, floors
from loadtests.live import subscriber as live
from loadtests.offer import Offer
from loadtests.parity import Parity
from loadtests.parity import compare as compare_answers
from loadtests.plan import LIVE, Plan
from loadtests.profiles import Profile
from loadtests.progress import Shown
from loadtests.results import Results
from loadtests.seeding import STEPS, seed
from loadtests.systems import System, SystemFailed
from loadtests.world import World


class ParityFailed(Exception):
    """The systems are not the same to a client; `parity` says where."""

    def __init__(self, parity: Parity) -> None:
        super().__init__(f"{len(parity.failed)} of {parity.checks} parity checks failed")
        self.parity = parity


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line asks for. given: base URLs of systems that are already there: neither started nor ended.
    live_given: addresses of live feeds, for given systems that serve theirs elsewhere than below their base URL.

    sides: what is compared, by the name of its side. Of one system with itself (`same`) each side has its own run directory, and
    what does not bear on whether it is the same is left out: the contract's tests, the floors, freshness. offer: how the load is
    offered.
    """

    profile: Profile
    scenarios: tuple[str, ...]
    given: dict[str, str]
    live_given: dict[str, str]
    run_dir: Path
    sides: dict[str, System]
    offer: Offer = field(default_factory=Offer)

    @property
    def same(self) -> bool:
        """Whether a system is compared with itself."""
        return tuple(self.sides) != SIDES

    def folder(self, side: str) -> Path:
        """Return the run directory of a side."""
        return self.run_dir / side if self.same else self.run_dir

    @property
    def started(self) -> dict[str, System]:
        """The systems that this run starts, by side."""
        return {side: system for side, system in self.sides.items() if side not in self.given}


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where both sides answer: base URLs, and live feeds, which are empty where nobody said where one is."""

    urls: dict[str, str]
    live: dict[str, str]


def begun(asked: Asked) -> Results:
    """Return the results of a run that has measured nothing yet."""
    return Results(
        sides=tuple(asked.sides), profile=asked.profile.name, settings=settings(asked), provenance=provenance.known()
    )


def run(asked: Asked, results: Results, shown: Shown) -> None:
    """Make the comparison and put what it finds into the results, as it is found.

    Raise SystemFailed, CallFailed, GeneratorFailed, WrongContract or ParityFailed if it cannot be made.
    """
    for url in asked.given.values():
        reachable.check(url)
    with _both_up(asked, shown) as known, GeneratorProcess(asked.offer.workers, asked.offer.bind) as generator:
        results.urls = known.urls
        with _told_of_the_dead(asked):
            worlds = _seeded(known.urls, asked.profile, shown)
            results.parity = _parity(known, worlds, shown, asked=asked)
            _quiet(known.urls, worlds, shown)
            results.resources.append(_resources(asked))
            if not asked.same:
                results.floors = _floors(known.urls, asked, generator, shown)
            for name in offered(asked, known):
                plans = {
                    side: plan(name, known, side, world=worlds[side], profile=asked.profile) for side in asked.sides
                }
                plans = {side: asked.offer.over(one) for side, one in plans.items()}
                _in_turns(plans, generator, asked, results, shown)
                _quiet(known.urls, worlds, shown)
            results.resources.append(_resources(asked))
            _audited(known, worlds, asked, results, shown)


def offered(asked: Asked, known: Addresses) -> list[str]:
    """Return the scenarios that can be offered: the live one only where both feeds are known."""
    return [name for name in asked.scenarios if name != LIVE or all(known.live.values())]


def plan(scenario: str, known: Addresses, side: str, *, world: World, profile: Profile) -> Plan:
    """Return the plan of one block."""
    return Plan(
        base_url=known.urls[side],
        live_url=known.live[side],
        subscribers=profile.subscribers,
        rate=profile.rates[scenario],
        duration_s=profile.block_s,
        warm_up_s=profile.warm_up_s,
        seed=scenario,
        scenario=scenario,
        world=world,
    )


def settings(asked: Asked) -> dict[str, Any]:
    """Return what the run was set to, for the report."""
    profile = asked.profile
    return {
        "shape": asked.offer.name,
        "rates": {name: profile.rates[name] for name in asked.scenarios},
        "block_s": profile.block_s,
        "warm_up_s": profile.warm_up_s,
        "repeats": profile.repeats,
        "blocks_a_side": profile.repeats * profile.pairs,
        "subscribers": profile.subscribers,
        "data": {"accounts": profile.size.accounts, "posts": profile.size.posts, "votes": profile.size.votes},
    }


@contextmanager
def _both_up(asked: Asked, shown: Shown) -> Iterator[Addresses]:
    folders: dict[Path, list[str]] = {}
    for side in asked.started:
        folders.setdefault(asked.folder(side), []).append(side)
    found = dict(asked.given)
    with ExitStack() as stack:
        with shown.phase(f"start {' and '.join(asked.started) or 'nothing'}"):
            for folder, sides in folders.items():
                urls = stack.enter_context(systems.running(folder, [asked.sides[side] for side in sides]))
                found |= {side: urls[asked.sides[side].name] for side in sides}
        yield Addresses({side: found[side] for side in asked.sides}, _feeds(asked))


def _feeds(asked: Asked) -> dict[str, str]:
    """A deployed monolith serves its feed below its base URL; where that of deployed services is, somebody must say."""
    beside = {
        side: live.beside(url) for side, url in asked.given.items() if asked.sides[side].name == systems.MONOLITH.name
    }
    own = {side: systems.live_url(system, asked.folder(side)) for side, system in asked.started.items()}
    return {**dict.fromkeys(asked.sides, ""), **beside, **own, **asked.live_given}


@contextmanager
def _told_of_the_dead(asked: Asked) -> Iterator[None]:
    """Say of a call that failed because its system is gone that the system is gone."""
    try:
        yield
    except (CallFailed, GeneratorFailed, psutil.NoSuchProcess):
        _all_alive(asked)
        raise
    except httpx.TransportError as gone:
        _all_alive(asked)
        raise SystemFailed(f"a system stopped answering: {gone}") from gone


def _all_alive(asked: Asked) -> None:
    """Raise SystemFailed if a system that this run started has ended."""
    for side, system in asked.started.items():
        if systems.running_url(system, asked.folder(side)) is None:
            raise SystemFailed(f"{side} ended in the middle of the run (log: {system.log(asked.folder(side))})")


def _in_turns(
    plans: dict[str, Plan], generator: GeneratorProcess, asked: Asked, results: Results, shown: Shown
) -> None:
    name, profile = next(iter(plans.values())).scenario, asked.profile
    found = results.scenarios[name] = []
    with shown.phase(f"{name}: both sides in turns", 2 * profile.repeats * profile.pairs) as done:
        for measured in interleaved(generator.run, plans, repeats=profile.repeats, pairs=profile.pairs):
            if not measured.block.right:
                _all_alive(asked)
                reachable.check(plans[measured.side].base_url)
            found.append(measured)
            shown.journal.block(name, measured, seconds=profile.block_s)
            done()


def _seeded(urls: dict[str, str], profile: Profile, shown: Shown) -> dict[str, World]:
    run_name, worlds = f"{int(time()):x}", {}
    for side, url in urls.items():
        with shown.phase(f"{side}: the same data", STEPS) as done:
            worlds[side] = seed(url, profile.size, run=run_name, done=done)
    return worlds


def _parity(known: Addresses, worlds: dict[str, World], shown: Shown, *, asked: Asked) -> Parity:
    with shown.phase("parity: the same requests to both, answers compared"), ExitStack() as stack:
        clients = {side: stack.enter_context(opened(url)) for side, url in known.urls.items()}
        parity = compare_answers(clients, worlds, alone=not asked.given)
    if not asked.same:
        with shown.phase("parity: the contract's tests on both"):
            checks, failed = contract_gate.contract_checks(known.urls, known.live)
        parity = replace(parity, checks=parity.checks + checks, failed=[*parity.failed, *failed])
    if parity.failed:
        _all_alive(asked)
        raise ParityFailed(parity)
    return parity


def _quiet(urls: dict[str, str], worlds: dict[str, World], shown: Shown) -> None:
    """What one phase leaves to the projections must not fall into the next."""
    with shown.phase("projections catch up", len(urls)) as done:
        for side, url in urls.items():
            freshness.await_caught_up(url, worlds[side])
            done()


def _resources(asked: Asked) -> dict[str, resources.Resources]:
    return {
        side: resources.UNKNOWN if side in asked.given else resources.of_system(system, asked.folder(side))
        for side, system in asked.sides.items()
    }


def _floors(urls: dict[str, str], asked: Asked, generator: GeneratorProcess, shown: Shown) -> Floors:
    own = None if "monolith" in asked.given else asked.run_dir
    with shown.phase("floors: what remains without the systems' own code", 4) as done:
        return floors(urls, generator.run, rate=asked.profile.rates["publish"], own=own, done=done)


def _audited(known: Addresses, worlds: dict[str, World], asked: Asked, results: Results, shown: Shown) -> None:
    """Measure the lags, and go through the books, which needs none: of a system against itself nothing else is asked."""
    trials = 0 if asked.same else asked.profile.freshness
    for side, url in known.urls.items():
        with shown.phase(
            f"{side}: {'the books' if asked.same else 'freshness'}", max(1, freshness.STEPS * trials)
        ) as done:
            results.freshness[side] = freshness.measure(url, known.live[side], worlds[side], trials=trials, done=done)
        shown.journal.lags(side, results.freshness[side])
