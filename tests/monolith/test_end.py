"""The monolith ends as it should, is killed as it should not, and in neither case loses an answered request."""

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

from .programs import PASSWORD, Program, nothing_left, program, signed_in, within

pytestmark = pytest.mark.live

AT_ONCE = 24  # three times as many as there are threads: most of them wait for one when the end comes
ENDINGS: dict[str, Callable[[Program], None]] = {
    "SIGTERM": lambda running: running.process.terminate(),
    "Ctrl-C": lambda running: running.interrupt(),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_end_finishes_the_requests_under_way_and_leaves_no_process(tmp_path: Path, ending: str) -> None:
    with program(tmp_path) as running:
        form = {"username": "somebody", "password": PASSWORD}
        workers = running.workers()
        with running.client() as client:
            assert client.post("/users", json={**form, "email": "somebody@example.org"}).status_code == 201
        asked = [_sign_in(running, form, wrong=n % 2) for n in range(AT_ONCE)]
        assert within(10, lambda: _under_way(workers) >= AT_ONCE)
        ENDINGS[ending](running)
        assert sorted(each.getresponse().status for each in asked) == [201] * (AT_ONCE // 2) + [401] * (AT_ONCE // 2)
        assert running.ended() == 0
        assert running.errors.read_text() == ""
        assert not running.state.exists()
        assert within(5, lambda: not running.left()), running.left()


def test_a_killed_master_loses_no_answered_post(tmp_path: Path) -> None:
    with nothing_left(tmp_path), program(tmp_path) as running:
        with _posts_being_published(running, until_cut=False) as published:
            running.process.kill()  # its workers notice within a second, and finish what they are at
        _expect_all_in_a_new_start(tmp_path, published)


def test_everything_killed_at_once_loses_no_answered_post(tmp_path: Path) -> None:
    with nothing_left(tmp_path), program(tmp_path) as running:
        running.url()
        family = [psutil.Process(running.process.pid), *running.workers(), _postmaster(running)]
        with _posts_being_published(running, until_cut=True) as published:
            for process in family:
                process.kill()
        assert within(10, lambda: not running.left())
        _expect_all_in_a_new_start(tmp_path, published)


def test_a_killed_worker_is_replaced_and_loses_no_answered_post(tmp_path: Path) -> None:
    with program(tmp_path) as running:
        with _posts_being_published(running, until_cut=False) as published:
            killed = running.workers()[0]
            killed.kill()
            assert within(10, lambda: killed not in running.workers())
        with running.client() as client:
            _expect_all(client, published)


def test_the_token_secret_is_in_nothing_that_it_writes(tmp_path: Path) -> None:
    with program(tmp_path) as running, running.client() as client:
        token = signed_in(client, "somebody").headers["Authorization"].removeprefix("Bearer ")
        assert client.get("/users/me", params={"token": token}).status_code == 200
        assert within(5, lambda: "/users/me" in running.said())
        secret = (tmp_path / "monolith" / "token-secret").read_text()
        for hidden in (secret, token, PASSWORD):
            assert hidden not in running.said()


@contextmanager
def _posts_being_published(running: Program, *, until_cut: bool) -> Iterator[list[str]]:
    """Let the block run while posts are published; gives the ids of those that were answered, complete after the block."""
    published: list[str] = []
    done = threading.Event()
    with running.client() as client, ThreadPoolExecutor(4) as authors:
        signed_in(client, "author")
        ends = [authors.submit(_publish, client, published, done) for _ in range(4)]
        try:
            assert within(10, lambda: len(published) > 20)
            yield published
            assert not until_cut or within(10, lambda: all(end.done() for end in ends))
        finally:
            done.set()


def _publish(client: httpx.Client, published: list[str], done: threading.Event) -> None:
    while not done.is_set():
        try:
            answer = client.post("/posts", json={"title": "A title", "body": "A body"})
        except httpx.ConnectError:  # nobody is there any more
            return
        except httpx.TransportError:  # cut: never answered, so nothing was promised
            continue
        assert answer.status_code == 201
        published.append(answer.json()["id"])


def _expect_all_in_a_new_start(run_dir: Path, published: list[str]) -> None:
    with program(run_dir) as again:
        with again.client() as client:
            _expect_all(client, published)
        again.process.terminate()
        assert again.ended() == 0
        assert within(5, lambda: not again.left()), again.left()


def test_an_end_leaves_no_database_whose_user_may_no_longer_enter_the_folder(tmp_path: Path) -> None:
    with nothing_left(tmp_path / "run"), program(tmp_path / "run") as running:
        running.url()
        tmp_path.chmod(0o700)  # of root's: its PostgreSQL runs as a user of its own
        running.process.terminate()
        assert running.ended() == 0
        assert within(5, lambda: not running.left()), running.left()


def _expect_all(client: httpx.Client, published: list[str]) -> None:
    assert len(set(published)) == len(published) > 20
    assert [client.get(f"/posts/{post_id}").status_code for post_id in published] == [200] * len(published)


def _sign_in(running: Program, form: dict[str, str], *, wrong: int) -> HTTPConnection:
    """Ask for a token, on a connection of its own, without waiting for the answer."""
    password = "quite wrong" if wrong else form["password"]
    connection = HTTPConnection(running.url().removeprefix("http://"), timeout=20)
    connection.request(
        "POST", "/tokens", json.dumps({**form, "password": password}), {"Content-Type": "application/json"}
    )
    return connection


def _under_way(workers: list[psutil.Process]) -> int:
    """Return how many connections the workers have taken."""
    taken = [connection for worker in workers for connection in worker.net_connections("tcp")]
    return sum(connection.status == psutil.CONN_ESTABLISHED for connection in taken)


def _postmaster(running: Program) -> psutil.Process:
    return psutil.Process(int((running.run_dir / "monolith/postgres/postmaster.pid").read_text().splitlines()[0]))
