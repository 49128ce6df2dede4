"""What one worker process does beside answering requests: jobs that come back, each in a thread of its own."""

import logging
import time
from collections.abc import Callable
from threading import Event, Thread

PeriodicTask = Callable[[], object]

_log = logging.getLogger("monolith.background")
_END_SECONDS = 5


class Background:
    """The jobs of one process. They are named before it forks and started after it, for threads do not survive a fork."""

    def __init__(self) -> None:
        self._jobs: list[tuple[PeriodicTask, float]] = []
        self._around: Callable[[PeriodicTask], PeriodicTask] = lambda job: job
        self._threads: list[Thread] = []
        self._ended = Event()

    def every(self, seconds: float, job: PeriodicTask) -> None:
        """Have the job done again and again, so long after its last end, and once more when the process ends."""
        self._jobs.append((self._around(job), seconds))

    def within(self, around: Callable[[PeriodicTask], PeriodicTask]) -> None:
        """Put something around every job that is named from now on."""
        self._around = around

    def start(self) -> None:
        """Start a thread for each job."""
        self._ended.clear()
        self._threads = [Thread(target=self._repeat, args=job, daemon=True) for job in self._jobs]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let every job run once more and end, within five seconds for all of them."""
        deadline = time.monotonic() + _END_SECONDS
        self._ended.set()
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _repeat(self, job: PeriodicTask, seconds: float) -> None:
        while not self._ended.wait(seconds):
            _run(job)
        _run(job)


def _run(job: PeriodicTask) -> None:
    """A job that fails is tried again at its next turn; the thread must outlive it."""
    try:
        job()
    except Exception:
        _log.exception("a background job failed and will be tried again")
