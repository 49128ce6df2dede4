"""A shutdown finishes current requests, and killed processes lose no write that was answered."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import httpx
import psutil
import pytest

from .conftest import copy_database
from .programs import PASSWORD, Program, kill_leftovers, run_program, sign_in, within

pytestmark = pytest.mark.live

REQUESTS = 24  # three times the number of threads, so most requests are waiting when the shutdown begins
SHUTDOWNS: dict[str, Callable[[Program], None]] = {
    "SIGTERM": lambda running: running.process.terminate(),
    "Ctrl-C": lambda running: running.interrupt(),
}


@pytest.mark.one_variant
@pytest.mark.parametrize("shutdown", SHUTDOWNS)
def test_a_shutdown_finishes_current_requests_and_leaves_no_process(run_dir: Path, shutdown: str) -> None:
    with run_program(run_dir) as running:
        form = {"username": "somebody", "password": PASSWORD}
        workers = running.workers()
        with running.client() as client:
            assert client.post("/users", json={**form, "email": "somebody@example.org"}).status_code == 201
        connections = [_send_sign_in(running, form, wrong=n % 2) for n in range(REQUESTS)]
        assert within(10, lambda: _count_connections(workers) >= REQUESTS)
        SHUTDOWNS[shutdown](running)
        assert sorted(each.getresponse().status for each in connections) == [201] * (REQUESTS // 2) + [401] * (
            REQUESTS // 2
        )
        assert running.wait() == 0
        assert running.errors.read_text() == ""
        assert not running.state.exists()
        assert within(5, lambda: not running.leftovers()), running.leftovers()


def test_a_killed_master_loses_no_answered_post(run_dir: Path) -> None:
    with kill_leftovers(run_dir), run_program(run_dir) as running:
        with _publish_posts(running, until_killed=False) as published:
            running.process.kill()  # its workers notice within a second and finish their current requests
        _expect_all_after_restart(run_dir, published)


def test_killing_all_processes_loses_no_answered_post(run_dir: Path) -> None:
    with kill_leftovers(run_dir), run_program(run_dir) as running:
        running.url()
        processes = [psutil.Process(running.process.pid), *running.workers(), _postmaster(running)]
        with _publish_posts(running, until_killed=True) as published:
            for process in processes:
                process.kill()
        assert within(10, lambda: not running.leftovers())
        _expect_all_after_restart(run_dir, published)


def test_a_killed_worker_is_replaced_and_loses_no_answered_post(run_dir: Path) -> None:
    with run_program(run_dir) as running:
        with _publish_posts(running, until_killed=False) as published:
            killed = running.workers()[0]
            killed.kill()
            assert within(10, lambda: killed not in running.workers())
        with running.client() as client:
            _expect_all(client, published)


def test_the_token_secret_is_in_no_output_and_no_log(run_dir: Path) -> None:
    with run_program(run_dir) as running, running.client() as client:
        token = sign_in(client, "somebody").headers["Authorization"].removeprefix("Bearer ")
        assert client.get("/users/me", params={"token": token}).status_code == 200
        assert within(5, lambda: "/users/me" in running.read_output())
        secret = (run_dir / "monolith" / "token-secret").read_text()
        for hidden in (secret, token, PASSWORD):
            assert hidden not in running.read_output()


@contextmanager
def _publish_posts(running: Program, *, until_killed: bool) -> Iterator[list[str]]:
    """Publish posts in threads while the block runs. Yield the ids of the answered ones; the list is complete after the block."""
    published: list[str] = []
    done = threading.Event()
    with running.client() as client, ThreadPoolExecutor(4) as authors:
        sign_in(client, "author")
        ends = [authors.submit(_publish_until, client, published, done) for _ in range(4)]
        try:
            assert within(10, lambda: len(published) > 20)
            yield published
            assert not until_killed or within(10, lambda: all(end.done() for end in ends))
        finally:
            done.set()


def _publish_until(client: httpx.Client, published: list[str], done: threading.Event) -> None:
    while not done.is_set():
        try:
            response = client.post("/posts", json={"title": "A title", "body": "A body"})
        except httpx.ConnectError:  # the server has stopped
            return
        except httpx.TransportError:  # no response, so nothing was promised
            continue
        assert response.status_code == 201
        published.append(response.json()["id"])


def _expect_all_after_restart(run_dir: Path, published: list[str]) -> None:
    with run_program(run_dir) as again:
        with again.client() as client:
            _expect_all(client, published)
        again.process.terminate()
        assert again.wait() == 0
        assert within(5, lambda: not again.leftovers()), again.leftovers()


def test_a_shutdown_stops_a_database_whose_user_cannot_enter_the_folder(tmp_path: Path, initialised: Path) -> None:
    copy_database(initialised, tmp_path / "run")
    with kill_leftovers(tmp_path / "run"), run_program(tmp_path / "run") as running:
        running.url()
        tmp_path.chmod(0o700)  # for root, PostgreSQL runs as another user
        running.process.terminate()
        assert running.wait() == 0
        assert within(5, lambda: not running.leftovers()), running.leftovers()


def _expect_all(client: httpx.Client, published: list[str]) -> None:
    assert len(set(published)) == len(published) > 20
    assert [client.get(f"/posts/{post_id}").status_code for post_id in published] == [200] * len(published)


def _send_sign_in(running: Program, form: dict[str, str], *, wrong: int) -> HTTPConnection:
    """Send a sign-in on a new connection without waiting for the response."""
    password = "quite wrong" if wrong else form["password"]
    connection = HTTPConnection(running.url().removeprefix("http://"), timeout=20)
    connection.request(
        "POST", "/tokens", json.dumps({**form, "password": password}), {"Content-Type": "application/json"}
    )
    return connection


def _count_connections(workers: list[psutil.Process]) -> int:
    """Return the number of connections that the workers have accepted."""
    accepted = [connection for worker in workers for connection in worker.net_connections("tcp")]
    return sum(connection.status == psutil.CONN_ESTABLISHED for connection in accepted)


def _postmaster(running: Program) -> psutil.Process:
    return psutil.Process(int((running.run_dir / "monolith/postgres/postmaster.pid").read_text().splitlines()[0]))
