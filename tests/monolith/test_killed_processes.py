"""Killed processes lose no write that was answered."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from tests.contract.client import unique
from tests.contract.images import GREEN, near, png

from .programs import Program, kill_leftovers, run_program, sign_in, within

LARGE = (4000, 4000)  # its thumbnail takes some tenths of a second, so the workers are killed before they have made all
UPLOADS = 4
OUTAGE_S = 10


@pytest.mark.live
def test_killed_workers_a_killed_master_and_a_killed_database_lose_no_answered_write(run_dir: Path) -> None:
    with kill_leftovers(run_dir):
        with run_program(run_dir) as running:
            published = _kill_workers(running) + _kill_database(running)
            with _publish_posts(running, until_killed=False) as more:
                running.process.kill()  # its workers notice within a second and finish their current requests
            assert within(10, lambda: not _workers(running))
        with run_program(run_dir) as again:
            _expect_all(again, published + more)
            processes = [psutil.Process(again.process.pid), *again.workers(), again.postgres()]
            with _publish_posts(again, until_killed=True) as most:
                for process in processes:
                    process.kill()
            assert within(10, lambda: not again.leftovers())
        with run_program(run_dir) as last:
            _expect_all(last, published + more + most)
            last.process.terminate()
            assert last.wait() == 0
            assert within(5, lambda: not last.leftovers()), last.leftovers()


def _kill_workers(running: Program) -> list[str]:
    """Kill both workers while they publish posts and make thumbnails. Return the ids of the answered posts."""
    with running.client() as client:
        names = [f"face{n}" for n in range(UPLOADS)]
        picture = png(GREEN, LARGE)
        for name in names:
            _upload(client, name, picture)
    with _publish_posts(running, until_killed=False) as published:
        killed = running.workers()
        for worker in killed:
            worker.kill()
        assert within(10, lambda: not set(killed) & set(running.workers()))
    _expect_all(running, published)
    with running.client() as client:
        assert within(20, lambda: all(_has_thumbnail(client, name) for name in names))
    return published


def _kill_database(running: Program) -> list[str]:
    """Kill the database, and then suspend all its processes, while posts are published. Return the ids of the answered posts."""
    with _publish_posts(running, until_killed=False) as published:
        running.postgres().kill()
        _expect_more(published)
        server = running.postgres()
        for process in (*server.children(), server):
            process.suspend()
        _expect_more(published)
    return published


def _expect_more(published: list[str]) -> None:
    before, began = len(published), time.monotonic()
    assert within(OUTAGE_S, lambda: len(published) > before + 20), f"no post is published {OUTAGE_S} s later"
    assert time.monotonic() - began < OUTAGE_S


@contextmanager
def _publish_posts(running: Program, *, until_killed: bool) -> Iterator[list[str]]:
    """Publish posts in threads while the block runs. Yield the ids of the answered ones; the list is complete after the block."""
    published: list[str] = []
    done = threading.Event()
    with running.client() as client, ThreadPoolExecutor(4) as authors:
        sign_in(client, unique("author"))
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
        if response.status_code == 503:  # the database is unavailable
            assert int(response.headers["Retry-After"]) > 0
            continue
        assert response.status_code == 201
        published.append(response.json()["id"])


def _expect_all(running: Program, published: list[str]) -> None:
    assert len(set(published)) == len(published) > 20
    with running.client() as client:
        assert {client.get(f"/posts/{post_id}").status_code for post_id in published} == {200}


def _workers(running: Program) -> list[str]:
    """Return the command lines of the processes that still run, without the database."""
    return [command for command in running.leftovers() if "postgres" not in command]


def _upload(client: httpx.Client, username: str, picture: bytes) -> None:
    sign_in(client, username)
    response = client.put("/users/me/avatar", content=picture, headers={"Content-Type": "image/png"})
    assert response.status_code == 202


def _has_thumbnail(client: httpx.Client, username: str) -> bool:
    try:
        response = client.get(f"/users/{username}/avatar")
    except httpx.TransportError:  # the worker was killed
        return False
    return response.status_code == 200 and near(GREEN)(response.content)
