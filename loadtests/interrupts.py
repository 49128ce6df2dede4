"""Ctrl-C, SIGTERM and a closed terminal all end a run the same way: through its `finally` blocks."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """The run was told to end; `number` is the signal."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


def raised() -> None:
    """From now on raise Interrupted in the main thread when the process is told to end."""
    for number in ENDING:
        signal.signal(number, _raise)


@contextmanager
def ignored() -> Iterator[None]:
    """Ignore interrupts for a while: a second Ctrl-C must not leave half of the processes behind."""
    kept = {number: signal.signal(number, signal.SIG_IGN) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def _raise(number: int, _: FrameType | None) -> None:
    raise Interrupted(number)
