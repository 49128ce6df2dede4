"""The comparison: systems up, same data, parity, floors, scenarios in turns, freshness. The report follows from it."""

from contextlib import ExitStack
from time import time

from loadtests import contract_gate, freshness, provenance, reachable, stolen
from loadtests.asking import RunSettings, settings
from loadtests.blocks import interleaved
from loadtests.client import opened
from loadtests.data.seeding import STEPS, seed
from loadtests.data.world import World
from loadtests.errors import ParityError
from loadtests.floors.measured import Floors, floors
from loadtests.load import LoadPlan
from loadtests.load_process import LoadProcess
from loadtests.pair import Addresses, all_alive, both_up, found_resources, told_of_the_dead
from loadtests.parity import Parity
from loadtests.parity import compare as compare_answers
from loadtests.profiles import Profile
from loadtests.progress import Shown
from loadtests.results import Results


class ParityFailed(ParityError):
    """The systems are not the same to a client."""

    def __init__(self, parity: Parity) -> None:
        super().__init__(
            f"{len(parity.failed)} of {parity.checks} parity checks failed; no figures were written:", parity.failed
        )


def begun(asked: RunSettings) -> Results:
    """Return the results of a run that has measured nothing yet."""
    return Results(
        sides=tuple(asked.sides), profile=asked.profile.name, settings=settings(asked), provenance=provenance.known()
    )


def run(asked: RunSettings, results: Results, shown: Shown) -> None:
    """Make the comparison and put what it finds into the results, as it is found.

    Raise SystemFailed, CallFailed, LoadFailed, WrongContract or ParityFailed if it cannot be made.
    """
    for url in asked.given.values():
        reachable.check(url)
    with both_up(asked, shown) as known, LoadProcess(asked.offer.workers, asked.offer.bind) as generator:
        results.urls = known.urls
        with told_of_the_dead(asked):
            worlds = _seeded(known.urls, asked.profile, shown)
            results.parity = _parity(known, worlds, shown, asked=asked)
            _quiet(known.urls, worlds, shown)
            results.resources.append(found_resources(asked))
            if not asked.same:
                results.floors = _floors(known.urls, asked, generator, shown)
            with stolen.noted(results):
                for name in asked.scenarios:
                    _in_turns(_plans(name, known, worlds, asked), generator, asked, results, shown)
                    _quiet(known.urls, worlds, shown)
            results.resources.append(found_resources(asked))
            _audited(known, worlds, asked, results, shown)


def _plans(name: str, known: Addresses, worlds: dict[str, World], asked: RunSettings) -> dict[str, LoadPlan]:
    plans = {side: plan(name, known, side, world=worlds[side], profile=asked.profile) for side in asked.sides}
    return {side: asked.offer.over(one) for side, one in plans.items()}


def plan(scenario: str, known: Addresses, side: str, *, world: World, profile: Profile) -> LoadPlan:
    """Return the plan of one block."""
    return LoadPlan(
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


def _in_turns(
    plans: dict[str, LoadPlan], generator: LoadProcess, asked: RunSettings, results: Results, shown: Shown
) -> None:
    name, profile = next(iter(plans.values())).scenario, asked.profile
    found = results.scenarios[name] = []
    with shown.phase(f"{name}: both sides in turns", 2 * profile.repeats * profile.pairs) as done:
        for measured in interleaved(generator.run, plans, repeats=profile.repeats, pairs=profile.pairs):
            if not measured.block.succeeded:
                all_alive(asked)
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


def _parity(known: Addresses, worlds: dict[str, World], shown: Shown, *, asked: RunSettings) -> Parity:
    with shown.phase("parity: the same requests to both, answers compared"), ExitStack() as stack:
        clients = {side: stack.enter_context(opened(url)) for side, url in known.urls.items()}
        parity = compare_answers(clients, worlds, alone=not asked.given)
    if not asked.same:
        with shown.phase("parity: the contract's tests on both"):
            kept = contract_gate.contract_checks(known.urls, known.live)
        parity = Parity(parity.checks + kept.checks, [*parity.failed, *kept.failed], kept.rechecked_alone)
    if parity.failed:
        all_alive(asked)
        for url in asked.given.values():  # of one that has gone, nothing fails but its answers
            reachable.check(url)
        raise ParityFailed(parity)
    return parity


def _quiet(urls: dict[str, str], worlds: dict[str, World], shown: Shown) -> None:
    """What one phase leaves to the projections must not fall into the next."""
    with shown.phase("projections catch up", len(urls)) as done:
        for side, url in urls.items():
            freshness.await_caught_up(url, worlds[side])
            done()


def _floors(urls: dict[str, str], asked: RunSettings, generator: LoadProcess, shown: Shown) -> Floors:
    own = None if "monolith" in asked.given else asked.run_dir
    with shown.phase("floors: what remains without the systems' own code", 4) as done:
        return floors(urls, generator.run, rate=asked.profile.rates["publish"], own=own, done=done)


def _audited(known: Addresses, worlds: dict[str, World], asked: RunSettings, results: Results, shown: Shown) -> None:
    """Measure the lags, and go through the books, which needs none: of a system against itself nothing else is asked."""
    trials = 0 if asked.same else asked.profile.freshness
    for side, url in known.urls.items():
        with shown.phase(
            f"{side}: {'the books' if asked.same else 'freshness'}", max(1, freshness.STEPS * trials)
        ) as done:
            results.freshness[side] = freshness.measure(url, known.live[side], worlds[side], trials=trials, done=done)
        shown.journal.lags(side, results.freshness[side])
