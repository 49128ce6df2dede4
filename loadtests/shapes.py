"""Shapes: how the rate of arrivals changes over time, and the exact due times that follow.

The table's rates are shares of the chosen rate, so no shape exceeds it. Its seconds stretch with the chosen duration.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from math import sqrt

ROUNDING = 1e-9  # arrivals; the error of a sum of floating-point numbers


@dataclass(frozen=True, slots=True)
class Stage:
    """Seconds in which the rate changes linearly from `start` to `end`, in arrivals a second."""

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
    # Suddenly ten times the rate.
    "spike": (Stage(10, 0.1, 0.1), Stage(10, 1, 1), Stage(10, 0.1, 0.1)),
    # After an idle time, when parts that were stopped start again.
    "burst": (Stage(5, 0.2, 0.2), Stage(15, 0, 0), Stage(5, 1, 1)),
    "soak": (Stage(600, 0.7, 0.7),),
}


def shape_of(name: str, *, rate: float, seconds: float | None = None) -> Shape:
    """Return a shape of the table at a peak rate, stretched to a duration if there is one. Raise KeyError."""
    table = SHAPES[name]
    stretch = seconds / length_s(table) if seconds else 1.0
    return tuple(Stage(stage.seconds * stretch, stage.start * rate, stage.end * rate) for stage in table)


def length_s(shape: Sequence[Stage]) -> float:
    """Return the duration of a shape."""
    return sum(stage.seconds for stage in shape)


def due_times(shape: Sequence[Stage]) -> Iterator[float]:
    """Yield the due time of each arrival, in seconds: number n is due when the integral of the rate reaches n.

    Nothing is random and nothing is rounded, so a shape gives the same arrivals for any number of workers.
    """
    begin, before = 0.0, 0.0
    numbers = count()
    number = next(numbers)
    for stage in shape:
        after = before + stage.arrivals
        while number < after - ROUNDING:
            yield begin + _seconds_until(stage, max(0.0, number - before))
            number = next(numbers)
        begin, before = begin + stage.seconds, after


def _seconds_until(stage: Stage, arrivals: float) -> float:
    """Return the seconds until the integral of a stage's rate reaches a value. This form of the root allows a slope of 0."""
    if arrivals == 0:
        return 0.0
    slope = (stage.end - stage.start) / stage.seconds
    return 2 * arrivals / (stage.start + sqrt(max(0.0, stage.start**2 + 2 * slope * arrivals)))
