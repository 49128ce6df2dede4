"""Gives processes a share of a processor, without root and without containers: who has used it up is stopped until more is due.

The rule is that of Linux's own bandwidth control, by which containers are held to a share: in each period a process may use
so much processor time; what it leaves is lost, what it took too much is taken off the next period. A process that waits uses
nothing and is not stopped.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Lock, Thread
from time import clock_gettime, monotonic

PERIOD_S = 0.02
LOOKS_EVERY_S = 0.0005
_PROCESSOR_TIME = 2  # of the clocks that Linux keeps of each process


class Allowance:
    """What one process may use."""

    def __init__(self, pid: int, share: float) -> None:
        self.pid = pid
        self._quota_s = share * PERIOD_S
        self._period_ends = monotonic()
        self._until_s = used_s(pid)  # it may run until it has used so much processor time
        self._stopped = True

    def look(self) -> None:
        """Stop the process where it has used what it may, let it go on where it may use more. Raise OSError if it is gone."""
        used, now = used_s(self.pid), monotonic()
        while now >= self._period_ends:
            self._period_ends += PERIOD_S
            self._until_s = min(self._until_s, used) + self._quota_s
        if (used >= self._until_s) != self._stopped:
            self._stopped = not self._stopped
            os.kill(self.pid, signal.SIGSTOP if self._stopped else signal.SIGCONT)


class Shares:
    """The processes that are held to a share, watched by a thread."""

    def __init__(self) -> None:
        self._held: dict[int, Allowance] = {}
        self._lock, self._ended = Lock(), Event()
        self._thread = Thread(target=self._watch, name="shares", daemon=True)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Hold processes to their shares while the block lasts; then let all of them go on."""
        self._thread.start()
        try:
            yield
        finally:
            self._ended.set()
            self._thread.join()
            for pid in list(self._held):
                self.release(pid)

    def hold(self, pid: int, share: float) -> None:
        """Hold a process that has stopped itself to a share of a processor from now on. Raise OSError if it is gone."""
        with self._lock:
            self._held[pid] = Allowance(pid, share)

    def release(self, pid: int) -> None:
        """Let a process run as it will."""
        with self._lock:
            self._held.pop(pid, None)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)

    def _watch(self) -> None:
        while not self._ended.wait(LOOKS_EVERY_S if self._held else PERIOD_S):
            with self._lock:
                self._held = {pid: each for pid, each in self._held.items() if _looked(each)}


def used_s(pid: int) -> float:
    """Return the processor time that a process has used so far, in seconds. Raise OSError if it is gone."""
    return clock_gettime((~pid << 3) | _PROCESSOR_TIME)


def _looked(allowance: Allowance) -> bool:
    try:
        allowance.look()
    except OSError:  # it is gone
        return False
    return True
