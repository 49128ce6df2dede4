"""The comparison: systems up, same data, parity, floors, scenarios in turns, freshness. The report follows from it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import time
from typing import Any

from loadtests import contract_gate, freshness, provenance, systems
from loadtests.blocks import SIDES, GeneratorProcess, Measured, interleaved
from loadtests.client import opened
from loadtests.floors.measured import Floors, floors
from loadtests.live import subscriber as live
from loadtests.parity import Parity
from loadtests.parity import compare as compare_answers
from loadtests.plan import LIVE, Plan
from loadtests.profiles import Profile
from loadtests.progress import Shown
from loadtests.results import Results
from loadtests.seeding import STEPS, seed
from loadtests.world import World


class ParityFailed(Exception):
    """The systems are not the same to a client; `parity` says where."""

    def __init__(self, parity: Parity) -> None:
        super().__init__(f"{len(parity.failed)} of {parity.checks} parity checks failed")
        self.parity = parity


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line asks for. given: base URLs of systems that are already there: neither started nor ended.
    live_given: addresses of live feeds, for given systems that serve theirs elsewhere than below their base URL."""

    profile: Profile
    scenarios: tuple[str, ...]
    given: dict[str, str]
    live_given: dict[str, str]
    run_dir: Path


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where both sides answer: base URLs, and live feeds, which are empty where nobody said where one is."""

    urls: dict[str, str]
    live: dict[str, str]


def run(asked: Asked, shown: Shown) -> Results:
    """Make the comparison. Raise SystemFailed, CallFailed, GeneratorFailed or ParityFailed if it cannot be made."""
    with _both_up(asked, shown) as known, GeneratorProcess() as generator:
        urls = known.urls
        worlds = _seeded(urls, asked.profile, shown)
        results = Results(
            urls=urls,
            profile=asked.profile.name,
            settings=settings(asked),
            provenance=provenance.known(),
            parity=_parity(known, worlds, shown, alone=not asked.given),
        )
        _quiet(urls, worlds, shown)
        results.floors = _floors(urls, asked, generator, shown)
        for name in offered(asked, known):
            plans = {side: plan(name, known, side, world=worlds[side], profile=asked.profile) for side in SIDES}
            results.scenarios[name] = _in_turns(plans, generator, asked.profile, shown)
            _quiet(urls, worlds, shown)
        for side in SIDES:
            with shown.phase(f"{side}: freshness", freshness.STEPS * asked.profile.freshness) as done:
                results.freshness[side] = freshness.measure(
                    urls[side], known.live[side], worlds[side], trials=asked.profile.freshness, done=done
                )
            shown.journal.lags(side, results.freshness[side])
    return results


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
    missing = [system for system in systems.BOTH if system.name not in asked.given]
    with ExitStack() as stack:
        with shown.phase(f"start {' and '.join(system.name for system in missing) or 'nothing'}"):
            started = stack.enter_context(systems.running(asked.run_dir, missing))
        found = {system.name: systems.live_url(system, asked.run_dir) for system in missing}
        beside = {side: live.beside(url) for side, url in asked.given.items() if side == systems.MONOLITH.name}
        feeds = {**dict.fromkeys(SIDES, ""), **beside, **found, **asked.live_given}
        yield Addresses({side: {**started, **asked.given}[side] for side in SIDES}, feeds)


def _in_turns(plans: dict[str, Plan], generator: GeneratorProcess, profile: Profile, shown: Shown) -> list[Measured]:
    name = plans[SIDES[0]].scenario
    with shown.phase(f"{name}: both sides in turns", 2 * profile.repeats * profile.pairs) as done:

        def heard(measured: Measured) -> None:
            shown.journal.block(name, measured, seconds=profile.block_s)
            done()

        return interleaved(generator.run, plans, repeats=profile.repeats, pairs=profile.pairs, done=heard)


def _seeded(urls: dict[str, str], profile: Profile, shown: Shown) -> dict[str, World]:
    run_name, worlds = f"{int(time()):x}", {}
    for side, url in urls.items():
        with shown.phase(f"{side}: the same data", STEPS) as done:
            worlds[side] = seed(url, profile.size, run=run_name, done=done)
    return worlds


def _parity(known: Addresses, worlds: dict[str, World], shown: Shown, *, alone: bool) -> Parity:
    with shown.phase("parity: the same requests to both, answers compared"), ExitStack() as stack:
        clients = {side: stack.enter_context(opened(url)) for side, url in known.urls.items()}
        parity = compare_answers(clients, worlds, alone=alone)
    with shown.phase("parity: the contract's tests on both"):
        checks, failed = contract_gate.contract_checks(known.urls, known.live)
    parity = replace(parity, checks=parity.checks + checks, failed=[*parity.failed, *failed])
    if parity.failed:
        raise ParityFailed(parity)
    return parity


def _quiet(urls: dict[str, str], worlds: dict[str, World], shown: Shown) -> None:
    """What one phase leaves to the projections must not fall into the next."""
    with shown.phase("projections catch up", len(urls)) as done:
        for side, url in urls.items():
            freshness.await_caught_up(url, worlds[side])
            done()


def _floors(urls: dict[str, str], asked: Asked, generator: GeneratorProcess, shown: Shown) -> Floors:
    own = None if "monolith" in asked.given else asked.run_dir
    with shown.phase("floors: what remains without the systems' own code", 4) as done:
        return floors(urls, generator.run, rate=asked.profile.rates["publish"], own=own, done=done)
