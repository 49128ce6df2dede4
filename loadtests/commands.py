"""What each command of `python -m loadtests` does; returns the exit status."""

import argparse
import shutil
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from time import time

from rich.console import Console

from loadtests import mixes, offer, provenance, reachable, report, running, systems
from loadtests.asking import Asked
from loadtests.bench import page as bench_page
from loadtests.bench import run as bench_run
from loadtests.blocks import SIDES
from loadtests.data import seeding
from loadtests.generator.plan import LIVE
from loadtests.offer import Offer
from loadtests.profiles import OTHER_RATE, PROFILES, Profile
from loadtests.progress import Shown
from loadtests.report import readme_table


def up(asked: argparse.Namespace, console: Console) -> int:
    """Start what does not run, and say where both answer."""
    urls, started = systems.up(asked.run_dir)
    for name, url in urls.items():
        console.print(f"{name}: {url}{'' if name in started else ' (already up)'}", soft_wrap=True, highlight=False)
    return 0


def down(asked: argparse.Namespace, console: Console) -> int:
    """Stop what runs, and say what that was."""
    names = systems.down(asked.run_dir)
    console.print(f"stopped: {', '.join(names)}" if names else "nothing was up")
    return 0


def compare(asked: argparse.Namespace, console: Console) -> int:
    """Make the comparison, write its report, print its summary; 2 if the run is void."""
    given = {side: url.rstrip("/") for side in SIDES if (url := getattr(asked, f"{side}_url"))}
    given_offer = offer.of(asked)
    request = Asked(
        profile=_profile(asked, given_offer),
        scenarios=_scenarios(asked, given_offer),
        offer=given_offer,
        given=given,
        live_given={side: url for side in SIDES if (url := getattr(asked, f"{side}_live_url"))},
        run_dir=Path(".run") / f"compare-{datetime.now():%Y%m%d-%H%M%S}",
        sides=dict(zip(SIDES, systems.BOTH, strict=True)),
    )
    folder = asked.results / f"{datetime.now():%Y%m%d-%H%M%S}"
    found = running.made(request, folder, console)
    report.summarise(folder, console)
    return running.VOID if found["voids"] else running.FINE


def seed(asked: argparse.Namespace, console: Console) -> int:
    """Fill one system."""
    reachable.check(asked.url)
    shown = Shown(console)
    with shown.running(), shown.phase("seed", seeding.STEPS) as done:
        world = seeding.seed(asked.url, PROFILES[asked.profile].size, run=f"{int(time()):x}", done=done)
    console.print(f"{len(world.accounts)} accounts, {len(world.posts)} posts, the hot one is {world.hot.id}")
    return 0


def bench(asked: argparse.Namespace, console: Console) -> int:
    """Measure the costs, write docs/bench.md; 1 if a row misses what it must reach."""
    run_dir = Path(".run") / f"bench-{datetime.now():%Y%m%d-%H%M%S}"
    shown = Shown(console)
    with shown.running(), closing(bench_run.run(run_dir, shown)) as found:
        rows = list(found)
    shutil.rmtree(run_dir, ignore_errors=True)
    bench_page.write(rows, provenance.known(), asked.page)
    bench_page.show(rows, console)
    console.print(f"page: {asked.page}", soft_wrap=True)
    return 0 if all(row.reached for row in rows) else 1


def readme(asked: argparse.Namespace, console: Console) -> int:
    """Write the reference results into the README; with a report's folder, make that the reference first."""
    if asked.report:
        readme_table.keep(asked.report)
    readme_table.write()
    console.print(f"{readme_table.README.name} shows {readme_table.REPORT.parent}", soft_wrap=True)
    return 0


def _scenarios(asked: argparse.Namespace, given: Offer) -> tuple[str, ...]:
    """Return what to compare. What is wrong with a mix is said before anything starts. Raise Unusable."""
    own = (given.mix.name,) if given.mix else ()
    chosen = tuple(asked.scenario or ()) + own or tuple(PROFILES["quick"].rates)
    for name in {*chosen} - {*own, LIVE}:
        mixes.named(name)
    return chosen


def _profile(asked: argparse.Namespace, given: Offer) -> Profile:
    profile = PROFILES[asked.profile]
    rate = given.rate or asked.rate
    rates = dict.fromkeys(given.scenarios, rate or OTHER_RATE) | ({} if rate else profile.rates)
    return replace(profile, rates=rates, block_s=given.seconds(asked.duration) or profile.block_s)
