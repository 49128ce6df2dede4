"""Walks every journey on both sides, one call at a time, and gathers what the systems told of it.

The first walk meets functions that start; the second, warm one is explained. Nothing else runs meanwhile: a call that sets
something off is followed by a pause in which that ends.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from time import sleep, time
from typing import Any

from loadtests import calls, seeding
from loadtests.blocks import SIDES
from loadtests.client import opened, succeed
from loadtests.explain.figures import figures
from loadtests.explain.telling import of_functions, of_the_monolith
from loadtests.explain.trees import Forest
from loadtests.explain.walking import AFTER_A_WRITE_S, Walk, walked
from loadtests.floors.cloud import client
from loadtests.journeys import Journey, buyer, hot_voter, reader, searcher, sitter, visitor, voter, writer
from loadtests.progress import Shown
from loadtests.seeding import Size
from loadtests.world import World

JOURNEYS: Mapping[str, Journey] = {
    each.__name__: each for each in (reader, searcher, writer, voter, hot_voter, visitor, sitter, buyer)
}
SIZE = Size(accounts=1, posts=6, votes=6)
SETTLED_S = 2.5  # after the last call: a view waits half a second to be sent, and a second to be counted
FIRST, WARM = 1, 2
Done = Callable[[], object]


def explained(urls: Mapping[str, str], journeys: Sequence[Journey], run_dir: Path, shown: Shown) -> dict[str, Any]:
    """Return the figures of running systems that tell what they do. Raise CallFailed if one answers wrongly."""
    began = time()
    endpoint = json.loads((run_dir / "microservices.json").read_text())["endpoint"]
    with shown.phase("the same data on both sides"):
        worlds = _worlds(urls)
    _start_anew(client("lambda", endpoint))
    first: dict[str, list[Walk]] = {}
    warm: dict[str, list[Walk]] = {}
    for side in SIDES:
        with shown.phase(f"{side}: each journey twice", 2 * len(journeys)) as done:
            first[side] = _walks(urls[side], journeys, worlds[side], number=FIRST, done=done)
            warm[side] = _walks(urls[side], journeys, worlds[side], number=WARM, done=done)
    _have_told(urls["microservices"], worlds["microservices"])
    with shown.phase("what they told"):
        forests = {
            "monolith": Forest(of_the_monolith(run_dir / "monolith" / "spans.jsonl")),
            "microservices": Forest(of_functions(client("logs", endpoint), since_ms=int(began * 1000))),
        }
    return {**figures(warm, first, forests, urls), "took_s": round(time() - began, 1)}


def _worlds(urls: Mapping[str, str]) -> dict[str, World]:
    """Fill both systems at once: nothing is timed yet."""

    def world(side: str) -> World:  # one request at a time: two would start two workers of a function
        return seeding.seed(urls[side], SIZE, run=f"{int(time()):x}", done=lambda: None, at_once=1)

    with ThreadPoolExecutor(len(SIDES)) as sides:
        return dict(zip(SIDES, sides.map(world, SIDES), strict=True))


def _walks(url: str, journeys: Sequence[Journey], world: World, *, number: int, done: Done) -> list[Walk]:
    """Walk each journey, both sides the same one at the same number, and wait until all that it set off is over."""
    walks = []
    with opened(url) as api:
        for journey in journeys:
            draw = Random(f"{journey.__name__} {number}")
            pause_s = AFTER_A_WRITE_S if number == WARM else 0
            walks.append(walked(api, journey, world, draw, pause_s=pause_s))
            done()
    sleep(SETTLED_S)
    return walks


def _have_told(url: str, world: World) -> None:
    """Ask for a post once more: what a function tells between invocations reaches its log with the next."""
    with opened(url) as api:
        succeed(api, calls.read_post(world.viewed.id))


def _start_anew(functions: Any) -> None:
    """End the workers of all functions, as any change of what they are started with does, also into what it was."""
    for page in functions.get_paginator("list_functions").paginate():
        for each in page["Functions"]:
            functions.update_function_configuration(FunctionName=each["FunctionName"], Timeout=each["Timeout"])
