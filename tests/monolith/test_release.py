"""SIGHUP brings a new release of the code into service: no request fails, and a release that does not start changes nothing."""

import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event, Thread

import httpx
import pytest

from .programs import PROJECT, Program, run_program, within

pytestmark = pytest.mark.live

RELEASE_S = 20.0
PARTS = ("monolith", "shared_domain", "docs")


def test_a_new_release_takes_over_without_a_failed_request_and_a_broken_one_does_not(
    run_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    project = tmp_path_factory.mktemp("project")
    for part in PARTS:
        shutil.copytree(PROJECT / part, project / part, ignore=shutil.ignore_patterns("__pycache__", "reference"))
    view = project / "monolith" / "platform" / "routes.py"
    with run_program(run_dir, project=project) as running:
        # Each look has a connection of its own: the server closes idle ones.
        health = partial(httpx.get, f"{running.url()}/health", timeout=RELEASE_S)
        old = running.workers()
        with requests_meanwhile(running) as statuses:
            view.write_text(view.read_text().replace('{"status": "ok"}', '{"status": "new"}'))
            running.process.send_signal(signal.SIGHUP)
            assert within(RELEASE_S, lambda: health().json() == {"status": "new"})
            assert within(RELEASE_S, lambda: not any(worker.is_running() for worker in old))
            view.write_text("this is no Python")
            running.process.send_signal(signal.SIGHUP)
            assert within(RELEASE_S, lambda: "the new release does not start" in running.read_output())
            assert health().json() == {"status": "new"}
        assert set(statuses) == {200}


@contextmanager
def requests_meanwhile(running: Program) -> Iterator[list[int]]:
    """Send requests on kept connections while the block runs. Yield their statuses, 0 for one without a response."""
    statuses: list[int] = []
    done = Event()

    def send() -> None:
        with running.client() as client:
            while not done.wait(0.01):
                try:
                    statuses.append(client.get("/posts").status_code)
                except httpx.TransportError:
                    statuses.append(0)

    senders = [Thread(target=send) for _ in range(3)]
    for sender in senders:
        sender.start()
    try:
        yield statuses
    finally:
        done.set()
        for sender in senders:
            sender.join()
