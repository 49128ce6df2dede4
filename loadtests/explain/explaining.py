"""Walks every journey on both sides, one call at a time, and gathers what the systems told of it.

Functions start while the data is made; what that took is told apart. A first walk, on both sides at once, is discarded, the second
one is explained. Nothing else runs meanwhile: a call that sets something off is followed by a pause in which that ends.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import sleep, time
from typing import Any

import httpx
from botocore.exceptions import BotoCoreError

from loadtests import calls, interrupts
from loadtests.blocks import SIDES
from loadtests.client import opened, succeed
from loadtests.data import seeding
from loadtests.data.seeding import Size
from loadtests.data.world import World
from loadtests.explain.figures import figures
from loadtests.explain.telling import Root, of_functions, of_the_monolith
from loadtests.explain.walking import AFTER_A_WRITE_S, RunSettings, Walk
from loadtests.floors.cloud import client
from loadtests.journeys import Journey, buyer, hot_voter, reader, searcher, sitter, visitor, voter, writer
from loadtests.progress import Shown

JOURNEYS: Mapping[str, Journey] = {
    each.__name__: each for each in (reader, searcher, writer, voter, hot_voter, visitor, sitter, buyer)
}
SIZE = Size(accounts=1, posts=5, votes=1)
# After the last call: a view waits half a second to be written, or sent.
SETTLED_S = {"monolith": 0.7, "microservices": 1.5}
FIRST, WARM = 1, 2
Walks = dict[str, list[RunSettings]]  # the calls of each journey


@dataclass(slots=True)
class Found:
    """What was walked and told so far. walks: warm, by side. told: by side, from the systems' start on."""

    urls: dict[str, str] = field(default_factory=dict)
    walks: dict[str, Walks] = field(default_factory=lambda: {side: {} for side in SIDES})
    told: dict[str, list[Root]] = field(default_factory=dict)
    took_s: float = 0.0

    @property
    def journeys(self) -> list[str]:
        """The journeys that were walked on both sides."""
        return [name for name in self.walks[SIDES[0]] if name in self.walks[SIDES[1]]]

    def figures(self) -> dict[str, Any]:
        """Return the part of a report."""
        both = {side: {name: self.walks[side][name] for name in self.journeys} for side in SIDES}
        return {**figures(both, self.told, self.urls), "took_s": round(self.took_s, 1)}


def explain(urls: dict[str, str], journeys: Sequence[Journey], run_dir: Path, shown: Shown, found: Found) -> None:
    """Walk the journeys on running systems that tell what they do, and gather it, also where a walk fails or is cut short.

    Raise CallFailed where a system answers wrongly.
    """
    began, found.urls = time(), urls
    try:
        with shown.phase("the same data on both sides"):
            worlds = _worlds(urls)
        with shown.phase("both sides: each journey once, so that nothing is new to them"):
            _walk_first(urls, journeys, worlds)
        for side in SIDES:
            with opened(urls[side]) as api, shown.phase(f"{side}: each journey", len(journeys)) as done:
                pause_s = AFTER_A_WRITE_S[side]
                _walk(api, journeys, worlds[side], found.walks[side], number=WARM, pause_s=pause_s, done=done)
                sleep(SETTLED_S[side])
                # a function's log has what it told since with the next request
                succeed(api, calls.read_post(worlds[side].viewed.id))
    finally:
        with interrupts.ignored():
            found.told = told(run_dir, since_s=began) if found.journeys else {}
        found.took_s = time() - began


def told(run_dir: Path, *, since_s: float) -> dict[str, list[Root]]:
    """Return what each side told. A local AWS that has ended takes its logs with it: of its functions nothing is known then."""
    return {
        "monolith": of_the_monolith(run_dir / "monolith" / "spans.jsonl"),
        "microservices": _of_the_services(run_dir / "microservices.json", since_s=since_s),
    }


def _of_the_services(state: Path, *, since_s: float) -> list[Root]:
    try:
        endpoint = json.loads(state.read_text())["endpoint"]
        return of_functions(client("logs", endpoint), since_ms=int(since_s * 1000))
    except (FileNotFoundError, BotoCoreError):
        return []


def _worlds(urls: Mapping[str, str]) -> dict[str, World]:
    """Fill both systems at once: nothing is timed yet."""

    def world(side: str) -> World:  # one request at a time: two would start two workers of a function
        return seeding.seed(urls[side], SIZE, run=f"{int(time()):x}", done=lambda: None, at_once=1)

    with ThreadPoolExecutor(len(SIDES)) as sides:
        return dict(zip(SIDES, sides.map(world, SIDES), strict=True))


def _walk_first(urls: Mapping[str, str], journeys: Sequence[Journey], worlds: Mapping[str, World]) -> None:
    """Walk both sides at once: nobody looks at it."""

    def walk(side: str) -> None:
        with opened(urls[side]) as api:
            _walk(api, journeys, worlds[side], {}, number=FIRST, pause_s=0, done=lambda: None)
        sleep(SETTLED_S[side])

    with ThreadPoolExecutor(len(SIDES)) as sides:
        list(sides.map(walk, SIDES))


def _walk(
    api: httpx.Client,
    journeys: Sequence[Journey],
    world: World,
    walks: Walks,
    *,
    number: int,
    pause_s: float,
    done: Callable[[], object],
) -> None:
    """Add each journey to the walks, walked the same way for the same number."""
    for journey in journeys:
        walk = Walk(api, journey, world, Random(f"{journey.__name__} {number}"))
        walk.to_the_end(pause_s=pause_s)
        walks[journey.__name__] = walk.asked
        done()
