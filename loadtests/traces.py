"""Traces: recorded arrivals, read from a file of due times."""

from collections.abc import Sequence
from math import inf
from pathlib import Path

from loadtests.errors import UsageError
from loadtests.files import read_text

MAX_ARRIVALS, MAX_BYTES = 1_000_000, 32_000_000  # of a trace
MAX_OFFSET_S = 86_400


def trace_length_s(times: Sequence[float]) -> float:
    """Return the duration of a trace: the seconds that have begun when the last arrival is due."""
    return float(int(times[-1]) + 1)


def read_trace(path: Path) -> tuple[float, ...]:
    """Return the due times of a trace, a file with one offset in seconds a line, in order. The first line may be a header.

    Raise UsageError with file, line and mistake.
    """
    times: list[float] = []
    for number, text in enumerate(read_text(path, limit=MAX_BYTES).splitlines(), start=1):
        if text.strip() and not (number == 1 and text[0].isalpha()):
            times.append(_offset(text, after=times[-1] if times else 0.0, where=f"{path}:{number}"))
    if not 0 < len(times) <= MAX_ARRIVALS:
        raise UsageError(f"{path}: {'more than 1,000,000' if times else 'no'} arrivals")
    return tuple(times)


def _offset(text: str, *, after: float, where: str) -> float:
    try:
        offset = float(text)
    except ValueError:
        offset = -1.0
    if not 0 <= offset < inf:
        raise UsageError(f"{where}: {text[:40]!r} is not an offset in seconds")
    if offset > MAX_OFFSET_S:
        raise UsageError(f"{where}: {text} is over {MAX_OFFSET_S:,} seconds: offsets count from the start of the trace")
    if offset < after:
        raise UsageError(f"{where}: {text} is before {after:g}, the line above it")
    return offset
