"""Periodic tasks of a worker process, each in a thread of its own. On the services, queues and streams invoke functions."""

import logging
import time
from collections.abc import Callable
from threading import Event, Thread

PeriodicTask = Callable[[], object]

_log = logging.getLogger("monolith.background")
STOP_SECONDS = 5


class Background:
    """The periodic tasks of a process. Add them before the fork and start them after it: threads do not survive a fork."""

    def __init__(self) -> None:
        self._tasks: list[tuple[PeriodicTask, float]] = []
        self._threads: list[Thread] = []
        self._stopped = Event()

    def run_every(self, seconds: float, task: PeriodicTask) -> None:
        """Add a task. It runs again `seconds` after each run ends, and a last time when the process stops."""
        self._tasks.append((task, seconds))

    def start(self) -> None:
        """Start a thread for each task."""
        self._stopped.clear()
        self._threads = [Thread(target=self._repeat, args=task, daemon=True) for task in self._tasks]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Run every task once more and stop. Wait at most five seconds for all of them."""
        deadline = time.monotonic() + STOP_SECONDS
        self._stopped.set()
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _repeat(self, task: PeriodicTask, seconds: float) -> None:
        while not self._stopped.wait(seconds):
            _run(task)
        _run(task)


def _run(task: PeriodicTask) -> None:
    """Run the task and log its error. The thread continues, so a failed task runs again."""
    try:
        task()
    except Exception:
        _log.exception("a background task failed and will run again")
