"""`python -m loadtests compare`: both systems against each other, and the report of it."""

import argparse
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from rich.console import Console

from loadtests import mixes, offer, report, running, systems
from loadtests.arguments import positive
from loadtests.asking import RunSettings
from loadtests.blocks import SIDES
from loadtests.errors import UsageError
from loadtests.load import LIVE
from loadtests.offer import Offer
from loadtests.profiles import OTHER_RATE, PROFILES, Profile

ABOUT = """Starts both systems on fresh data, seeds them alike, asks them the same questions, whose answers must not differ, then
loads them in turns by the same journeys and measures how long changes take to be seen everywhere. A run that proves nothing is
void, and its exit status is 2."""


def register(verb: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    verb.description = ABOUT
    verb.add_argument(
        "--profile", choices=PROFILES, default="standard", help="how long: quick 4, standard 6, full 20 minutes"
    )
    verb.add_argument("--rate", type=positive, help="arrivals a second on each side, in place of the profile's")
    verb.add_argument("--duration", type=positive, help="measured seconds of a block, in place of the profile's")
    verb.add_argument("--scenario", action="append", choices=Offer().scenarios, help="only this one; may be repeated")
    offer.register(verb)
    _addresses(verb)
    verb.add_argument(
        "--results", type=Path, default=Path("results"), help="where the report's folder is made (results)"
    )
    verb.set_defaults(command=run)


def _addresses(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--monolith-url", help="compare this deployed monolith; it is neither started nor stopped")
    verb.add_argument(
        "--microservices-url", help="compare these deployed services; they are neither started nor stopped"
    )
    verb.add_argument("--monolith-live-url", help="its live feed, where it is not below its base URL")
    verb.add_argument("--microservices-live-url", help="their live feed; without it a deployed one is not compared")


def run(asked: argparse.Namespace, console: Console) -> int:
    """Make the comparison, write its report, print its summary; 2 if the run is void."""
    given = {side: url.rstrip("/") for side in SIDES if (url := getattr(asked, f"{side}_url"))}
    given_offer = offer.of(asked)
    request = RunSettings(
        profile=_profile(asked, given_offer),
        scenarios=_scenarios(asked, given_offer),
        offer=given_offer,
        given=given,
        live_given={side: url for side in SIDES if (url := getattr(asked, f"{side}_live_url"))},
        run_dir=Path(".run") / f"compare-{datetime.now():%Y%m%d-%H%M%S}",
        sides=dict(zip(SIDES, systems.BOTH, strict=True)),
    )
    if _feed_unknown(asked) and not (asked.scenario or given_offer.mix):  # else nobody asked for it
        console.print(f"{LIVE} is left out: --microservices-live-url does not say where the feed is", highlight=False)
    folder = asked.results / f"{datetime.now():%Y%m%d-%H%M%S}"
    found = running.made(request, folder, console)
    report.print_summary(folder, console)
    return running.VOID if found["voids"] else running.FINE


def _scenarios(asked: argparse.Namespace, given: Offer) -> tuple[str, ...]:
    """Return what to compare. What is wrong with a mix is said before anything starts. Raise UsageError."""
    own = (given.mix.name,) if given.mix else ()
    chosen = tuple(dict.fromkeys((*(asked.scenario or ()), *own)))
    for name in {*chosen} - {*own, LIVE}:
        mixes.named(name)
    if LIVE in chosen and _feed_unknown(asked):
        raise UsageError(f"the scenario {LIVE} needs --microservices-live-url: deployed services serve it elsewhere")
    return chosen or tuple(name for name in PROFILES["quick"].rates if name != LIVE or not _feed_unknown(asked))


def _feed_unknown(asked: argparse.Namespace) -> bool:
    """Say whether nobody knows where the live feed of the services is."""
    return bool(asked.microservices_url and not asked.microservices_live_url)


def _profile(asked: argparse.Namespace, given: Offer) -> Profile:
    profile = PROFILES[asked.profile]
    rate = given.rate or asked.rate
    rates = dict.fromkeys(given.scenarios, rate or OTHER_RATE) | ({} if rate else profile.rates)
    return replace(profile, rates=rates, block_s=given.seconds(asked.duration) or profile.block_s)
