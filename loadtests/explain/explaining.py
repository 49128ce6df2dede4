"""Walks every journey on both sides, one call at a time, and gathers what the systems told of it.

Functions start while the data is made; what that took is told apart. A first walk is discarded, the second one is explained.
Nothing else runs meanwhile: a call that sets something off is followed by a pause in which that ends.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from time import sleep, time
from typing import Any

import httpx

from loadtests import calls, seeding
from loadtests.blocks import SIDES
from loadtests.client import opened, succeed
from loadtests.explain.figures import figures
from loadtests.explain.telling import of_functions, of_the_monolith
from loadtests.explain.walking import AFTER_A_WRITE_S, Asked, Walk
from loadtests.floors.cloud import client
from loadtests.journeys import Journey, buyer, hot_voter, reader, searcher, sitter, visitor, voter, writer
from loadtests.progress import Shown
from loadtests.seeding import Size
from loadtests.world import World

JOURNEYS: Mapping[str, Journey] = {
    each.__name__: each for each in (reader, searcher, writer, voter, hot_voter, visitor, sitter, buyer)
}
SIZE = Size(accounts=1, posts=5, votes=1)
SETTLED_S = 1.5  # after the last call: a view waits half a second to be sent
FIRST, WARM = 1, 2
Walks = dict[str, list[Asked]]  # the calls of each journey


def explained(urls: Mapping[str, str], journeys: Sequence[Journey], run_dir: Path, shown: Shown) -> dict[str, Any]:
    """Return the figures of running systems that tell what they do. Raise CallFailed if one answers wrongly."""
    began = time()
    with shown.phase("the same data on both sides"):
        worlds = _worlds(urls)
    walks: dict[str, Walks] = {}
    for side in SIDES:
        with opened(urls[side]) as api, shown.phase(f"{side}: each journey twice", 2 * len(journeys)) as done:
            _walked(api, journeys, worlds[side], number=FIRST, pause_s=0, done=done)
            walks[side] = _walked(api, journeys, worlds[side], number=WARM, pause_s=AFTER_A_WRITE_S[side], done=done)
            succeed(
                api, calls.read_post(worlds[side].viewed.id)
            )  # a function's log has what it told since with the next request
    with shown.phase("what they told"):
        endpoint = json.loads((run_dir / "microservices.json").read_text())["endpoint"]
        told = {
            "monolith": of_the_monolith(run_dir / "monolith" / "spans.jsonl"),
            "microservices": of_functions(client("logs", endpoint), since_ms=int(began * 1000)),
        }
    return {**figures(walks, told, urls), "took_s": round(time() - began, 1)}


def _worlds(urls: Mapping[str, str]) -> dict[str, World]:
    """Fill both systems at once: nothing is timed yet."""

    def world(side: str) -> World:  # one request at a time: two would start two workers of a function
        return seeding.seed(urls[side], SIZE, run=f"{int(time()):x}", done=lambda: None, at_once=1)

    with ThreadPoolExecutor(len(SIDES)) as sides:
        return dict(zip(SIDES, sides.map(world, SIDES), strict=True))


def _walked(
    api: httpx.Client,
    journeys: Sequence[Journey],
    world: World,
    *,
    number: int,
    pause_s: float,
    done: Callable[[], object],
) -> Walks:
    """Walk each journey, the same way for the same number, and wait until all that it set off is over."""
    walks: Walks = {}
    for journey in journeys:
        walk = Walk(api, journey, world, Random(f"{journey.__name__} {number}"))
        walk.to_the_end(pause_s=pause_s)
        walks[journey.__name__] = walk.asked
        done()
    sleep(SETTLED_S)
    return walks
