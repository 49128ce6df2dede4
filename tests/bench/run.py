"""Run the bench: start both systems with fresh data, measure every group of rows, stop both."""

from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from time import time
from typing import Any
from urllib.parse import urlsplit

from loadtests import systems
from loadtests.data.seeding import PASSWORD
from loadtests.local_aws import client
from loadtests.progress import ProgressDisplay
from microservices.deploy import package_cache
from tests.bench import (
    explain_rows,
    function_rows,
    gateway_rows,
    generator_rows,
    growth_rows,
    hot_post_rows,
    live_rows,
    monolith_rows,
    order_rows,
    package_rows,
    report_rows,
    thumbnail_rows,
    view_rows,
)
from tests.bench.accounts import Account, add_order_and_avatar, register_with_post
from tests.bench.function_rows import Services
from tests.bench.in_process import import_handlers, local_aws_without_logs
from tests.bench.monolith_rows import Monolith
from tests.bench.operations import all_of
from tests.bench.rows import Row
from tests.bench.store_calls import record_calls

FEATURES = ("users", "posts", "votes", "search", "feedback", "orders", "trending", "avatars")
STAGE = "reference"
LAST_MESSAGE_WITHIN_S = {"monolith": 0.3, "microservices": 2.0}


def run(run_dir: Path, display: ProgressDisplay) -> Generator[Row, None, None]:
    """Yield every row. Raise SystemFailed, CallFailed or UnexpectedAnswer if it cannot be measured."""
    with display.phase("explain"):
        yield from explain_rows.rows()
    with ExitStack() as stack:
        with display.phase("start both systems"):
            urls = stack.enter_context(systems.running(run_dir, systems.BOTH))
        yield from _packages(display)
        yield from _events(urls, run_dir, display)
        yield from _services(urls["microservices"], run_dir, display)
        yield from _monolith(urls["monolith"], run_dir, display)


def _packages(display: ProgressDisplay) -> Iterator[Row]:
    zips = [each.zip for each in package_cache.get_packages()]  # the deployed ones
    with display.phase("cold imports", package_rows.RUNS) as done:
        yield from package_rows.rows(zips, done)
    with display.phase("a thumbnail"):
        yield from thumbnail_rows.rows(next(each for each in zips if each.stem == thumbnail_rows.FUNCTION))
    with display.phase("a long report"):
        yield from report_rows.rows()
    with display.phase("the load generator"):
        yield from generator_rows.rows()


def _events(urls: dict[str, str], run_dir: Path, display: ProgressDisplay) -> Iterator[Row]:
    """Measure the rows that need a quiet system, which is why they come first."""
    url = urls["microservices"]
    with display.phase("orders settle"):
        account = register_with_post(url)
        yield order_rows.settle_row(url, account.post_id, username=account.username, token=account.token)
    for system in systems.BOTH:
        with display.phase(f"{system.name}: {live_rows.CONNECTIONS} connections to the live feed"):
            yield from live_rows.rows(
                system.name,
                urls[system.name],
                systems.live_url(system, run_dir),
                token=register_with_post(urls[system.name]).token,
                reach=LAST_MESSAGE_WITHIN_S[system.name],
            )


def _monolith(url: str, run_dir: Path, display: ProgressDisplay) -> Iterator[Row]:
    account = register_with_post(url)
    with display.phase("the monolith: views"):
        yield view_rows.monolith(url, account.post_id, pid=systems.state_of(systems.MONOLITH, run_dir)["pid"])
    with display.phase("the monolith and a bare Flask application", 7) as done:
        yield from monolith_rows.rows(Monolith(url, run_dir, account.token), done)


def _services(url: str, run_dir: Path, display: ProgressDisplay) -> Iterator[Row]:
    account = add_order_and_avatar(url, register_with_post(url))
    with display.phase("the services and bare functions", 2) as done:
        yield from gateway_rows.rows(url, account.post_id, account.token, done)
    pid = systems.state_of(systems.MICROSERVICES, run_dir)["pid"]
    yield gateway_rows.memory(url, account.post_id, pid)
    yield from _inside(_deployed(url), account, hot=register_with_post(url).post_id, display=display)


def _inside(services: Services, account: Account, *, hot: str, display: ProgressDisplay) -> Iterator[Row]:
    operations = all_of(
        account.post_id, account.order_id, username=account.username, password=PASSWORD, run=f"{int(time()):x}"
    )
    with local_aws_without_logs(services.endpoint), record_calls() as calls:
        with display.phase("inside the functions", len(operations)) as done:
            handlers = import_handlers(services.environments)
            yield from function_rows.rows(handlers, operations, calls, done)
        with display.phase("views"):
            stream = services.environments["posts"]["VIEWS_STREAM"]
            yield view_rows.services(handlers["posts"], account.post_id, stream=stream)
        with display.phase(f"{hot_post_rows.VOTES:,} votes for one post"):
            logs, table = client("logs", services.endpoint), services.environments["votes"]["TABLE"]
            yield from hot_post_rows.rows(services.dynamodb, logs, table=table, post_id=hot)
        bench_tables = {
            feature: {**services.environments[feature], "TABLE": table} for feature, table in growth_rows.TABLES.items()
        }
        with display.phase("twenty times the posts", 2) as done:
            yield from growth_rows.rows(services.dynamodb, import_handlers(bench_tables), calls, done)


def _deployed(url: str) -> Services:
    place = urlsplit(url)
    endpoint = f"{place.scheme}://{place.netloc}"
    functions = client("lambda", endpoint)
    environments: dict[str, dict[str, Any]] = {
        feature: functions.get_function_configuration(FunctionName=f"{STAGE}-{feature}-http")["Environment"][
            "Variables"
        ]
        for feature in FEATURES
    }
    return Services(endpoint, client("dynamodb", endpoint), environments)
