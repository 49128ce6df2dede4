"""Cited figures of AWS as data: prices of a region, latencies and limits. Each has a unit, a source and the date it was read.

A figure without a source is marked `assumed` and has a range, which the sensitivity chart uses.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches
from functools import cache
from pathlib import Path

import msgspec

from loadtests.errors import UsageError

FOLDER = Path(__file__).parent
PARAMETERS = FOLDER / "parameters.yaml"
REGIONS = ("us-east-1", "eu-central-1")


class Figure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One figure: a value, tiers or percentiles.

    tiers: (upper bound of the monthly quantity, price) pairs; the last bound is null. percentiles: value by percentile, such
    as p50. range: the lowest and highest plausible value; an assumed figure must have it. source: a name of `sources`.
    """

    unit: str
    read: date
    value: float | None = None
    tiers: tuple[tuple[float | None, float], ...] = ()
    percentiles: dict[str, float] = {}
    range: tuple[float, float] | None = None
    source: str = ""
    assumed: bool = False
    note: str = ""


class Figures(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The content of a file. sources: what each source key stands for."""

    about: str
    sources: dict[str, str]
    figures: dict[str, Figure]


@dataclass(frozen=True, slots=True)
class Parameters:
    """The figures of parameters.yaml and of one region's prices, by name."""

    region: str
    figures: Mapping[str, Figure]

    def value(self, name: str) -> float:
        """Return the value of a figure. Raise UsageError for an unknown name."""
        figure = self.figure(name)
        if figure.value is None:
            raise UsageError(f"{name} has no single value")
        return figure.value

    def figure(self, name: str) -> Figure:
        """Return a figure. Raise UsageError for an unknown name, with those that are close."""
        if name not in self.figures:
            near = get_close_matches(name, self.figures, n=3)
            raise UsageError(f"unknown parameter {name!r}" + (f"; close: {', '.join(near)}" if near else ""))
        return self.figures[name]

    def with_value(self, name: str, value: float) -> "Parameters":
        """Return these parameters with another value of one figure, as `--set name=value` does. Percentiles scale with p50."""
        old = self.figure(name)
        scale = value / old.percentiles["p50"] if old.percentiles else 1.0
        new = msgspec.structs.replace(
            old,
            value=None if old.percentiles else value,
            tiers=(),
            percentiles={point: scale * each for point, each in old.percentiles.items()},
        )
        return replace(self, figures={**self.figures, name: new})

    def with_values(self, changes: Iterable[tuple[str, float]]) -> "Parameters":
        """Return these parameters with other values of some figures."""
        changed = self
        for name, value in changes:
            changed = changed.with_value(name, value)
        return changed


class Recording(dict[str, Figure]):
    """Figures that record which of them are read."""

    def __init__(self, figures: Mapping[str, Figure]) -> None:
        super().__init__(figures)
        self.used: set[str] = set()

    def __getitem__(self, name: str) -> Figure:
        self.used.add(name)
        return super().__getitem__(name)


@cache
def load(region: str = REGIONS[0]) -> Parameters:
    """Return the parameters for a region. Raise UsageError for an unknown one."""
    if region not in REGIONS:
        raise UsageError(f"no prices of {region}; there are {', '.join(REGIONS)}")
    files = [read(PARAMETERS), read(max((FOLDER / "prices").glob(f"{region}-*.yaml")))]
    return Parameters(region, {name: figure for file in files for name, figure in file.figures.items()})


def read(file: Path) -> Figures:
    """Return the figures of a file."""
    return msgspec.yaml.decode(file.read_bytes(), type=Figures)
