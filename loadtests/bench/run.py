"""The bench from start to end: both systems up on fresh data, every group of rows, both systems down."""

import json
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import Any
from urllib.parse import urlsplit

from loadtests import calls, systems
from loadtests.bench import function_rows, gateway_rows, growth_rows, monolith_rows, package_rows
from loadtests.bench.function_rows import Services
from loadtests.bench.in_process import imported, quietly
from loadtests.bench.monolith_rows import Monolith
from loadtests.bench.operations import OWN, all_of
from loadtests.bench.rows import Row
from loadtests.bench.spied import spied
from loadtests.client import opened, succeed
from loadtests.floors.cloud import client
from loadtests.progress import Shown
from loadtests.seeding import PASSWORD

ROOMS = ("users", "posts", "votes", "search")
STAGE = "reference"


@dataclass(frozen=True, slots=True)
class Known:
    """Who and what the bench works with on one side: an account, its token, and a post of its own."""

    username: str
    token: str
    post_id: str


def run(run_dir: Path, shown: Shown) -> Generator[Row, None, None]:
    """Yield every row. Raise SystemFailed, CallFailed or UnexpectedAnswer if it cannot be measured."""
    with ExitStack() as stack:
        with shown.phase("start both systems"):
            urls = stack.enter_context(systems.running(run_dir, systems.BOTH))
        yield from _packages(run_dir, shown)
        yield from _services(urls["microservices"], run_dir, shown)
        yield from _monolith(urls["monolith"], run_dir, shown)


def _packages(run_dir: Path, shown: Shown) -> Iterator[Row]:
    with shown.phase("cold imports", package_rows.RUNS) as done:
        yield from package_rows.rows(run_dir / "microservices" / "packages", done)


def _monolith(url: str, run_dir: Path, shown: Shown) -> Iterator[Row]:
    known = _acquainted(url)
    with shown.phase("the monolith and a bare Flask application", 7) as done:
        yield from monolith_rows.rows(Monolith(url, run_dir, known.token), done)


def _services(url: str, run_dir: Path, shown: Shown) -> Iterator[Row]:
    known = _acquainted(url)
    with shown.phase("the services and bare functions", 2) as done:
        yield from gateway_rows.rows(url, known.post_id, known.token, done)
    pid = json.loads((run_dir / "microservices.json").read_text())["pid"]
    yield gateway_rows.memory(url, known.post_id, pid)
    yield from _inside(_deployed(url), known, shown)


def _inside(services: Services, known: Known, shown: Shown) -> Iterator[Row]:
    asked = all_of(known.post_id, known.username, PASSWORD, run=f"{int(time()):x}")
    with quietly(services.endpoint), spied() as calls:
        with shown.phase("inside the functions", len(asked)) as done:
            yield from function_rows.rows(imported(services.environments), asked, calls, done)
        bench_tables = {
            room: {**services.environments[room], "TABLE": table} for room, table in growth_rows.TABLES.items()
        }
        with shown.phase("twenty times the posts", 2) as done:
            yield from growth_rows.rows(services.dynamodb, imported(bench_tables), calls, done)


def _acquainted(url: str) -> Known:
    username = f"bench_{int(time()):x}"
    with opened(url) as api:
        succeed(api, calls.sign_up(username, PASSWORD))
        token = succeed(api, calls.sign_in(username, PASSWORD)).record()["access_token"]
        return Known(username, token, succeed(api, calls.publish({**OWN, "tags": []}, token)).record()["id"])


def _deployed(url: str) -> Services:
    place = urlsplit(url)
    endpoint = f"{place.scheme}://{place.netloc}"
    functions = client("lambda", endpoint)
    environments: dict[str, dict[str, Any]] = {
        room: functions.get_function_configuration(FunctionName=f"{STAGE}-{room}-http")["Environment"]["Variables"]
        for room in ROOMS
    }
    return Services(endpoint, client("dynamodb", endpoint), environments)
