"""What a process does beside answering requests is done to its end, however the end comes."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from monolith.background import Background

from .programs import PROJECT, STOP_S, within

WORKERS = 2
WITH_ITS_JOBS = 3  # threads: the one that all processes have, and one for each of the two jobs


def test_a_job_comes_back_until_the_end_and_once_more_then() -> None:
    background, came = Background(), threading.Semaphore(0)
    background.run_every(0.001, came.release)
    background.start()
    assert all(came.acquire(timeout=5) for _ in range(5))
    background.stop()
    while came.acquire(blocking=False):
        pass
    assert not came.acquire(timeout=0.05)


def test_a_job_that_waits_for_its_turn_runs_once_at_the_end() -> None:
    background, ran = Background(), []
    background.run_every(3600, lambda: ran.append("it"))
    background.start()
    background.stop()
    assert ran == ["it"]


def test_a_job_that_fails_comes_back_and_stops_no_other() -> None:
    background, came, ran = Background(), threading.Semaphore(0), []

    def failing() -> None:
        came.release()
        raise ValueError("as it should")

    background.run_every(0.001, failing)
    background.run_every(3600, lambda: ran.append("it"))
    background.start()
    assert all(came.acquire(timeout=5) for _ in range(3))
    background.stop()
    assert ran == ["it"]


@pytest.mark.live
@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGINT])
def test_each_worker_of_a_server_that_ends_does_its_jobs_once_more(tmp_path: Path, kind: signal.Signals) -> None:
    notes = tmp_path / "notes"
    command = [sys.executable, "-m", "tests.monolith.noting_server", str(notes)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, start_new_session=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == b"ready\n"
        master = psutil.Process(server.pid)
        assert within(
            STOP_S, lambda: [each.num_threads() >= WITH_ITS_JOBS for each in master.children()] == [True] * WORKERS
        )
        os.killpg(server.pid, kind)
        assert server.wait(STOP_S) == 0
    assert notes.read_text().splitlines() == ["ran"] * WORKERS
