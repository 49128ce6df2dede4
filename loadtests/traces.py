"""Traces: recorded arrivals, read from a CSV of due times."""

import csv
from collections.abc import Sequence
from math import isfinite
from pathlib import Path

from loadtests.errors import UsageError

MAX_ARRIVALS = 1_000_000  # of a trace


def trace_length_s(times: Sequence[float]) -> float:
    """Return the duration of a trace: the seconds that have begun when the last arrival is due."""
    return float(int(times[-1]) + 1)


def read_trace(path: Path) -> tuple[float, ...]:
    """Return the due times of a trace, a CSV with one offset in seconds a line, in order. The first line may be a header.

    Raise UsageError with file, line and mistake.
    """
    times: list[float] = []
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            for line, row in enumerate(csv.reader(file), start=1):
                if row and not (line == 1 and _is_header(row)):
                    times.append(_offset(row, after=times[-1] if times else 0.0, where=f"{path}:{line}"))
                if len(times) > MAX_ARRIVALS:
                    raise UsageError(f"{path}:{line}: more than {MAX_ARRIVALS:,} arrivals")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path}: not a CSV of offsets in seconds: {error}") from error
    if not times:
        raise UsageError(f"{path}: no arrivals")
    return tuple(times)


def _offset(row: list[str], *, after: float, where: str) -> float:
    text = ",".join(row)
    if len(row) != 1:
        raise UsageError(f"{where}: {text!r} is more than one offset in seconds")
    try:
        offset = float(text)
    except ValueError:
        offset = -1.0
    if not (isfinite(offset) and offset >= 0):
        raise UsageError(f"{where}: {text!r} is not an offset in seconds")
    if offset < after:
        raise UsageError(f"{where}: {text} is before {after:g}, the line above it")
    return offset


def _is_header(row: list[str]) -> bool:
    try:
        float(row[0])
    except ValueError:
        return any(letter.isalpha() for letter in row[0])
    return False
