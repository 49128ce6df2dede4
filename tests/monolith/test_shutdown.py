"""A shutdown finishes current work, closes every connection and stops every process, and the next start continues."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from time import perf_counter

import httpx
import psutil
import pytest

from tests.contract.client import Api
from tests.contract.feed import Feed
from tests.contract.images import GREEN, near, png

from .conftest import copy_database
from .programs import PASSWORD, Program, kill_leftovers, run_program, sign_in, within

pytestmark = [pytest.mark.live, pytest.mark.one_variant]

REQUESTS = 24  # three times the number of threads, so most requests are waiting when the shutdown begins
IDLE = 20
SUBSCRIBERS = 40
VIEWS = 10
SHUTDOWNS: dict[str, Callable[[Program], None]] = {
    "SIGTERM": lambda running: running.process.terminate(),
    "Ctrl-C": lambda running: running.interrupt(),
}


@dataclass(frozen=True, slots=True)
class Shutdown:
    """A monolith that was shut down while it worked. The codes are those of its live connections."""

    program: Program
    post_id: str
    token: str
    statuses: list[int]
    last_answers_close: bool
    idle_closed_s: float
    close_codes: list[int]
    exit_status: int
    has_ended: bool


@pytest.fixture(scope="module", params=SHUTDOWNS)
def shutdown(
    request: pytest.FixtureRequest, initialised: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shutdown]:
    """Shut a monolith down while it has subscribers, waiting sign-ins, a new picture and views in its memory."""
    folder = tmp_path_factory.mktemp("shutdown")
    copy_database(initialised, folder / "run")
    with kill_leftovers(folder / "run"), run_program(folder / "run") as running, ExitStack() as stack:
        client = stack.enter_context(running.client())
        post_id = _view_a_post(sign_in(client, "viewed"))
        _upload_a_picture(client)
        feed = Feed(Api(client, patience=0), f"ws{running.url().removeprefix('http')}/live", patience=10)
        subscribers = stack.enter_context(feed.subscribers(SUBSCRIBERS, "posts"))
        idle = _open_idle_connections(running)
        connections = _send_sign_ins(running)
        folder.chmod(0o700)  # for root, PostgreSQL runs as another user, who can no longer enter the folder
        SHUTDOWNS[request.param](running)
        signalled = perf_counter()
        idle_closed_s = max(_await_close(connection) for connection in idle) - signalled
        answers = [connection.getresponse() for connection in connections]
        yield Shutdown(
            program=running,
            idle_closed_s=idle_closed_s,
            last_answers_close=answers[-1].will_close,
            post_id=post_id,
            token=client.headers["Authorization"].removeprefix("Bearer "),
            close_codes=[int.from_bytes(each.socket.recv_data()[1], "big") for each in subscribers],
            statuses=sorted(answer.status for answer in answers),
            exit_status=running.wait(),
            has_ended=within(5, lambda: not running.leftovers()),
        )


@pytest.fixture(scope="module")
def restarted(shutdown: Shutdown) -> Iterator[httpx.Client]:
    """A client of the next start on the same folder."""
    with run_program(shutdown.program.run_dir) as again, again.client() as client:
        yield client


def test_a_shutdown_finishes_current_requests(shutdown: Shutdown) -> None:
    assert shutdown.statuses == [201] * (REQUESTS // 2) + [401] * (REQUESTS // 2)


def test_a_shutdown_announces_the_end_of_a_connection_in_its_last_response(shutdown: Shutdown) -> None:
    assert shutdown.last_answers_close


def test_a_shutdown_closes_idle_connections_at_once(shutdown: Shutdown) -> None:
    assert shutdown.idle_closed_s < 1


def test_a_shutdown_closes_every_live_connection(shutdown: Shutdown) -> None:
    assert shutdown.close_codes == [1001] * SUBSCRIBERS


def test_a_shutdown_leaves_no_process_not_even_a_database_whose_user_cannot_enter_the_folder(
    shutdown: Shutdown,
) -> None:
    assert shutdown.exit_status == 0
    assert shutdown.program.errors.read_text() == ""
    assert not shutdown.program.state.exists()
    assert shutdown.has_ended, shutdown.program.leftovers()


def test_the_token_secret_is_in_no_output_and_no_log(shutdown: Shutdown) -> None:
    output = shutdown.program.read_output()
    assert "/users/me" in output
    secret = (shutdown.program.run_dir / "monolith" / "token-secret").read_text()
    for hidden in (secret, shutdown.token, PASSWORD):
        assert hidden not in output


def test_a_shutdown_writes_the_counted_views(shutdown: Shutdown, restarted: httpx.Client) -> None:
    ranking = restarted.get("/trending").json()["items"]
    assert [(each["post_id"], each["views"]) for each in ranking] == [(shutdown.post_id, VIEWS)]


def test_a_shutdown_or_the_next_start_makes_each_thumbnail(restarted: httpx.Client) -> None:
    assert within(20, lambda: near(GREEN)(restarted.get("/users/viewed/avatar").content))


def _view_a_post(client: httpx.Client) -> str:
    """Publish a post and read it several times. Return its id."""
    post_id: str = client.post("/posts", json={"title": "A title", "body": "A body"}).json()["id"]
    assert [client.get(f"/posts/{post_id}").status_code for _ in range(VIEWS)] == [200] * VIEWS
    return post_id


def _upload_a_picture(client: httpx.Client) -> None:
    token = client.headers["Authorization"].removeprefix("Bearer ")
    assert client.get("/users/me", params={"token": token}).status_code == 200
    response = client.put("/users/me/avatar", content=png(GREEN), headers={"Content-Type": "image/png"})
    assert response.status_code == 202


def _open_idle_connections(running: Program) -> list[HTTPConnection]:
    """Return connections that have served a request."""
    connections = [HTTPConnection(running.url().removeprefix("http://"), timeout=20) for _ in range(IDLE)]
    for connection in connections:
        connection.request("GET", "/health")
        assert connection.getresponse().read()
    return connections


def _await_close(connection: HTTPConnection) -> float:
    """Wait until the server closes the connection and return the time."""
    assert connection.sock.recv(1) == b""
    return perf_counter()


def _send_sign_ins(running: Program) -> list[HTTPConnection]:
    """Send sign-ins, every other one of an unknown user, until the workers have accepted all. Wait for no response.

    Each unknown user has an own username: the eleventh attempt of one would be refused without a hash.
    """
    workers = running.workers()
    usernames = [name for number in range(REQUESTS // 2) for name in ("viewed", f"unknown{number}")]
    connections = [_send_sign_in(running, username) for username in usernames]
    assert within(10, lambda: _count_connections(workers) >= SUBSCRIBERS + IDLE + REQUESTS)
    return connections


def _send_sign_in(running: Program, username: str) -> HTTPConnection:
    connection = HTTPConnection(running.url().removeprefix("http://"), timeout=20)
    form = {"username": username, "password": PASSWORD}
    connection.request("POST", "/tokens", json.dumps(form), {"Content-Type": "application/json"})
    return connection


def _count_connections(workers: list[psutil.Process]) -> int:
    """Return the number of connections that the workers have accepted."""
    accepted = [connection for worker in workers for connection in worker.net_connections("tcp")]
    return sum(connection.status == psutil.CONN_ESTABLISHED for connection in accepted)
