"""How the rate of arrivals runs over time: a table of stages, and the exact times that follow from it.

The rates of the table are shares of the rate that is asked for, so no shape ever exceeds it; its seconds are its own
length, and stretch with the duration that is asked for.
"""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from math import isfinite, sqrt
from pathlib import Path

from loadtests.errors import UsageError

EXACT = 1e-9  # arrivals; what the sum of floating-point numbers may miss


@dataclass(frozen=True, slots=True)
class Stage:
    """So many seconds in which the rate runs evenly from one to another, in arrivals a second."""

    seconds: float
    start: float
    end: float

    @property
    def arrivals(self) -> float:
        """The integral of the rate."""
        return self.seconds * (self.start + self.end) / 2


Shape = tuple[Stage, ...]

STEADY = "steady"
SHAPES: dict[str, Shape] = {
    STEADY: (Stage(30, 1, 1),),
    "ramp": (Stage(30, 0, 1), Stage(10, 1, 1)),
    # Ten times the idle rate, from one moment to the next.
    "spike": (Stage(10, 0.1, 0.1), Stage(10, 1, 1), Stage(10, 0.1, 0.1)),
    # After an idle time: what has been let go must start again.
    "burst": (Stage(5, 0.2, 0.2), Stage(15, 0, 0), Stage(5, 1, 1)),
    "soak": (Stage(600, 0.7, 0.7),),
}


def shaped(name: str, *, rate: float, seconds: float | None = None) -> Shape:
    """Return a shape of the table at a rate, of its own length or stretched to so many seconds. Raise KeyError."""
    table = SHAPES[name]
    stretch = seconds / length_s(table) if seconds else 1.0
    return tuple(Stage(each.seconds * stretch, each.start * rate, each.end * rate) for each in table)


def length_s(shape: Sequence[Stage]) -> float:
    """Return how long a shape takes."""
    return sum(stage.seconds for stage in shape)


def highest(shape: Sequence[Stage]) -> float:
    """Return the highest rate of a shape, in arrivals a second."""
    return max(max(stage.start, stage.end) for stage in shape)


def rate_at(shape: Sequence[Stage], at_s: float) -> float:
    """Return the rate at a moment, 0 before the begin and after the end; where two stages meet, that of the later."""
    begin = 0.0
    for stage in shape:
        if begin <= at_s < begin + stage.seconds:
            return stage.start + (stage.end - stage.start) * (at_s - begin) / stage.seconds
        begin += stage.seconds
    return 0.0


def due_times(shape: Sequence[Stage]) -> Iterator[float]:
    """Yield when each arrival is due, in seconds: number n where the integral of the rate is n, the first at its begin.

    Nothing is drawn and nothing rounded, so the same shape gives the same arrivals, on however many workers.
    """
    begin, before = 0.0, 0.0
    numbers = count()
    number = next(numbers)
    for stage in shape:
        after = before + stage.arrivals
        while number < after - EXACT:
            yield begin + _reached(stage, max(0.0, number - before))
            number = next(numbers)
        begin, before = begin + stage.seconds, after


def of_times(times: Sequence[float]) -> Shape:
    """Return the shape of recorded arrivals, second by second, for whoever can follow it no more closely."""
    in_second = Counter(int(time) for time in times)
    return tuple(Stage(1, rate, rate) for rate in (in_second[second] for second in range(int(trace_length_s(times)))))


def trace_length_s(times: Sequence[float]) -> float:
    """Return how long recorded arrivals last: the seconds that have begun when the last one is due."""
    return float(int(times[-1]) + 1)


def read_trace(path: Path) -> tuple[float, ...]:
    """Return the recorded offsets of a CSV of one column, in seconds, in order; the first line may be a header.

    Raise UsageError with file, line and mistake.
    """
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


def _reached(stage: Stage, arrivals: float) -> float:
    """Return after how many seconds of a stage its integral is so high; the form of the root that divides by no slope."""
    if arrivals == 0:
        return 0.0
    slope = (stage.end - stage.start) / stage.seconds
    return 2 * arrivals / (stage.start + sqrt(max(0.0, stage.start**2 + 2 * slope * arrivals)))


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
