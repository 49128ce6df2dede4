"""Traces: recorded arrivals, read from a file of due times."""

from collections.abc import Sequence
from math import inf
from pathlib import Path

from loadtests.errors import UsageError

MAX_ARRIVALS = 1_000_000  # of a trace


def trace_length_s(times: Sequence[float]) -> float:
    """Return the duration of a trace: the seconds that have begun when the last arrival is due."""
    return float(int(times[-1]) + 1)


def read_trace(path: Path) -> tuple[float, ...]:
    """Return the due times of a trace, a file with one offset in seconds a line, in order. The first line may be a header.

    Raise UsageError with file, line and mistake.
    """
    times: list[float] = []
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not a CSV of offsets in seconds: {error}") from error
    for number, text in enumerate(lines, start=1):
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
        raise UsageError(f"{where}: {text!r} is not an offset in seconds")
    if offset < after:
        raise UsageError(f"{where}: {text} is before {after:g}, the line above it")
    return offset
