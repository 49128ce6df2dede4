"""Background tasks run periodically, and once more when their process stops."""

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
THREADS_WITH_TASKS = 3  # the main thread and one for each of the two tasks


def test_a_task_runs_periodically_until_stop_and_once_more_then() -> None:
    background, runs = Background(), threading.Semaphore(0)
    background.run_every(0.001, runs.release)
    background.start()
    assert all(runs.acquire(timeout=5) for _ in range(5))
    background.stop()
    while runs.acquire(blocking=False):
        pass
    assert not runs.acquire(timeout=0.05)


def test_a_task_that_waits_for_its_interval_runs_once_at_stop() -> None:
    background, ran = Background(), []
    background.run_every(3600, lambda: ran.append("it"))
    background.start()
    background.stop()
    assert ran == ["it"]


def test_a_task_that_fails_runs_again_and_does_not_affect_others() -> None:
    background, runs, ran = Background(), threading.Semaphore(0), []

    def failing() -> None:
        runs.release()
        raise ValueError("a planted failure")

    background.run_every(0.001, failing)
    background.run_every(3600, lambda: ran.append("it"))
    background.start()
    assert all(runs.acquire(timeout=5) for _ in range(3))
    background.stop()
    assert ran == ["it"]


@pytest.mark.one_variant
@pytest.mark.live
@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGINT])
def test_each_worker_runs_its_tasks_once_more_at_shutdown(tmp_path: Path, kind: signal.Signals) -> None:
    lines = tmp_path / "lines"
    command = [sys.executable, "-m", "tests.monolith.task_server", str(lines)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, start_new_session=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == b"ready\n"
        master = psutil.Process(server.pid)
        assert within(
            STOP_S, lambda: [each.num_threads() >= THREADS_WITH_TASKS for each in master.children()] == [True] * WORKERS
        )
        os.killpg(server.pid, kind)
        assert server.wait(STOP_S) == 0
    assert lines.read_text().splitlines() == ["ran"] * WORKERS
