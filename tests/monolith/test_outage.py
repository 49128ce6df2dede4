"""An outage of the user's own database is a 503, and needs no restart of the monolith."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter, sleep

import httpx
import pytest

from monolith import embedded_postgres, postgres_server
from tests.contract.client import Api
from tests.contract.feed import Feed, Subscriber

from .conftest import copy_database
from .programs import WORKERS, Program, run_program, sign_in, within

pytestmark = pytest.mark.live

PATIENCE_S = 10.0
REQUESTS_AT_ONCE = 20  # more than there are threads, so some wait for one
HANG_S = 12.0  # the wait for a thread and the time limit of a statement, on a busy machine
FAST_S = 0.5
REQUESTS = (
    ("GET", "/posts", None),
    ("GET", "/users/me", None),
    ("POST", "/posts", {"title": "A title", "body": "A body"}),
    ("GET", "/search?q=title", None),
    ("GET", "/leaderboard.html", None),
)


@dataclass(frozen=True, slots=True)
class Outage:
    """A monolith whose database stopped and runs again, the post from before, its subscribers, and the answers meanwhile."""

    program: Program
    client: httpx.Client
    post: dict[str, object]
    subscribers: list[Subscriber]
    answers: list[httpx.Response]
    data: Path


@pytest.fixture(scope="module")
def outage(initialised: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outage]:
    data = copy_database(initialised, tmp_path_factory.mktemp("database"))
    embedded_postgres.start(data)
    with ExitStack() as stack:
        stack.callback(embedded_postgres.stop, data)
        url = embedded_postgres.local_url(data)
        running = stack.enter_context(run_program(tmp_path_factory.mktemp("outage"), database_url=url))
        client = stack.enter_context(running.client())
        post = sign_in(client, "writer").post("/posts", json={"title": "A title", "body": "A body"}).json()
        feed = Feed(Api(client, patience=0), f"ws{running.url().removeprefix('http')}/live", patience=PATIENCE_S)
        subscribers = stack.enter_context(feed.subscribers(WORKERS * 4, "posts"))
        embedded_postgres.stop(data)
        # First on broken connections, then on none.
        answers = [client.request(method, path, json=form) for method, path, form in REQUESTS * 8]
        answers.append(client.get("/health"))
        embedded_postgres.start(data)
        yield Outage(running, client, post, subscribers, answers, data)


def test_requests_during_an_outage_are_a_503(outage: Outage) -> None:
    *unavailable, health = outage.answers
    for response in unavailable:
        expected = (503, "application/problem+json")
        assert (response.status_code, response.headers["Content-Type"]) == expected, response.url
        assert int(response.headers["Retry-After"]) > 0
    assert health.json() == {"status": "ok"}


def test_requests_after_an_outage_are_answered_without_a_restart(outage: Outage) -> None:
    client = outage.client
    assert within(PATIENCE_S, lambda: client.get(f"/posts/{outage.post['id']}").status_code == 200)
    # Each worker still has broken connections.
    assert {client.get("/posts").status_code for _ in range(20)} <= {200, 503}
    assert [client.get("/posts").json()["items"] for _ in range(20)] == [[outage.post]] * 20
    assert client.post("/posts", json={"title": "Another", "body": "A body"}).status_code == 201
    assert len(outage.program.workers()) == WORKERS


def test_subscribers_receive_messages_again_after_an_outage(outage: Outage) -> None:
    assert within(2 * PATIENCE_S, lambda: all(_receives_again(outage.client, each) for each in outage.subscribers))


def test_requests_while_the_database_hangs_are_a_503_and_health_is_answered(outage: Outage) -> None:
    with outage.program.client() as client, ThreadPoolExecutor(REQUESTS_AT_ONCE) as clients:
        assert {client.get("/posts").status_code for _ in range(20)} == {200}  # each worker has a connection
        with _hang(outage.data):
            requests = [clients.submit(client.get, "/posts") for _ in range(REQUESTS_AT_ONCE)]
            checks = [_time(client, "/health")]
            while not all(each.done() for each in requests):
                checks.append(_time(client, "/health"))
        assert {each.result().status_code for each in requests} == {503}
        assert all(int(each.result().headers["Retry-After"]) > 0 for each in requests)
        assert max(each.result().elapsed.total_seconds() for each in requests) < HANG_S
        assert median(checks) < FAST_S
        assert within(PATIENCE_S, lambda: client.get("/posts").status_code == 200)


@contextmanager
def _hang(data: Path) -> Iterator[None]:
    """Stop the processes of the database while the block runs."""
    server = postgres_server.find(data)
    assert server is not None
    processes = [server, *server.children()]
    for process in processes:
        process.suspend()
    try:
        yield
    finally:
        for process in processes:
            process.resume()


def _time(client: httpx.Client, path: str) -> float:
    """Return the seconds until the answer. Wait a moment, so that the requests have the processor."""
    sleep(0.05)
    started = perf_counter()
    assert client.get(path).status_code == 200
    return perf_counter() - started


def _receives_again(client: httpx.Client, subscriber: Subscriber) -> bool:
    """Publish a post if the server can. Return whether the subscriber receives any message."""
    client.post("/posts", json={"title": "Again", "body": "A body"})
    return bool(subscriber.receive_rest(seconds=0.2))
