"""Both systems with hooks: how the monolith is started, which data they get, and where their spans are."""

import json
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import time
from typing import TypeVar

from botocore.exceptions import BotoCoreError

from loadtests import systems
from loadtests.data import seeding
from loadtests.data.world import World
from loadtests.explain.hooks import MONOLITH_SPANS
from loadtests.explain.traces import Root, from_file, from_logs
from loadtests.local_aws import client
from loadtests.results import SIDES

Made = TypeVar("Made")

TRACED_MONOLITH = systems.System("monolith", (sys.executable, "-m", "loadtests.explain.hooks.monolith"))
SYSTEMS = (TRACED_MONOLITH, systems.MICROSERVICES)
SIZE = seeding.Size(accounts=1, posts=20, votes=1)  # a full page of posts


def seed_both(urls: Mapping[str, str]) -> dict[str, World]:
    """Seed both systems with one request at a time each: two would start two workers of a function."""
    return on_both_sides(lambda side: seed_one(urls[side]))


def seed_one(url: str) -> World:
    """Seed one system."""
    return seeding.seed(url, SIZE, run=f"{int(time()):x}", done=lambda: None, at_once=1)


def on_both_sides(make: Callable[[str], Made]) -> dict[str, Made]:
    """Call a function for both sides at the same time, and return its results by side."""
    with ThreadPoolExecutor(len(SIDES)) as sides:
        return dict(zip(SIDES, sides.map(make, SIDES), strict=True))


def read_spans(folders: Mapping[str, Path], *, since_s: float) -> dict[str, list[Root]]:
    """Return the spans of each side, by its run directory. The logs of a local AWS that has ended are gone."""
    try:
        logs = client("logs", endpoint_in(folders["microservices"]))
        of_functions = from_logs(logs, since_ms=int(since_s * 1000))
    except (FileNotFoundError, BotoCoreError):
        of_functions = []
    return {"monolith": from_file(folders["monolith"] / MONOLITH_SPANS), "microservices": of_functions}


def endpoint_in(folder: Path) -> str:
    """Return the endpoint of the local AWS that runs in a run directory."""
    return str(json.loads(systems.MICROSERVICES.state(folder).read_text())["endpoint"])
