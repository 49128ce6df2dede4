"""A check of the forecasts: what a model predicts, beside what others measured or what a formula says."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import yaml

PUBLISHED = Path(__file__).with_name("published")
Row = Mapping[str, str]


class Check(NamedTuple):
    """A prediction and an observation. tolerance: the largest relative difference; absolute if `is_absolute`.

    Without one of observed and tolerance it is a figure for the reader, neither in nor out.
    """

    name: str
    predicted: float
    observed: float | None
    tolerance: float | None
    is_absolute: bool = False

    @property
    def difference(self) -> float | None:
        """Return by how much the prediction is higher, as tolerance counts it."""
        if self.observed is None:
            return None
        return self.predicted - self.observed if self.is_absolute else self.predicted / self.observed - 1

    @property
    def holds(self) -> bool | None:
        """Return whether the difference is within the tolerance."""
        if self.difference is None or self.tolerance is None:
            return None
        return abs(self.difference) <= self.tolerance


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """What docs/validation.md says about checks. tables: their observations. arithmetic: the result needs no model."""

    title: str
    tables: Sequence[str]
    inputs: str
    note: str = ""
    arithmetic: bool = False


def texts() -> tuple[dict[str, Texts], dict[str, str]]:
    """Return the texts by the name of the function that makes the checks, and what is not checked with the reason."""
    content = yaml.load((PUBLISHED / "checks.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return {name: Texts(**text) for name, text in content["checks"].items()}, content["not_checked"]


def read_table(name: str) -> list[Row]:
    """Return the rows of a published table."""
    return [*csv.DictReader(line for line in _lines(name) if not line.startswith("#"))]


def source_of(name: str) -> str:
    """Return the source of a published table, which its first line states with the date it was read."""
    return _lines(name)[0].removeprefix("# ").partition("; read 20")[0]


def _lines(name: str) -> list[str]:
    return (PUBLISHED / f"{name}.csv").read_text(encoding="utf-8").splitlines()
