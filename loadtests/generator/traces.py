"""A recorded trace of arrivals, read from a file: one offset in seconds a line, as a CSV of one column."""

import csv
from math import isfinite
from pathlib import Path

from loadtests.errors import UsageError


def read(path: Path) -> tuple[float, ...]:
    """Return the offsets, in order. The first line may be a header. Raise UsageError, which names file and line."""
    times: list[float] = []
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            for line, row in enumerate(csv.reader(file), start=1):
                if row and not (line == 1 and _is_header(row)):
                    times.append(_offset(row, after=times[-1] if times else 0.0, where=f"{path}:{line}"))
    except OSError as broken:
        raise UsageError(f"{path}: {broken.strerror}") from broken
    except (UnicodeDecodeError, csv.Error) as broken:
        raise UsageError(f"{path}: no CSV of offsets in seconds: {broken}") from broken
    if not times:
        raise UsageError(f"{path}: no arrivals")
    return tuple(times)


def _offset(row: list[str], *, after: float, where: str) -> float:
    text = ",".join(row)
    if len(row) != 1:
        raise UsageError(f"{where}: {text!r} is more than one offset in seconds")
    try:
        offset = float(row[0])
    except ValueError as broken:
        raise UsageError(f"{where}: {text!r} is no offset in seconds") from broken
    if not (isfinite(offset) and offset >= 0):
        raise UsageError(f"{where}: {text!r} is no offset in seconds")
    if offset < after:
        raise UsageError(f"{where}: {text} comes before {after:g}, the line above it")
    return offset


def _is_header(row: list[str]) -> bool:
    try:
        float(row[0])
    except ValueError:
        return any(letter.isalpha() for letter in row[0])
    return False
