"""A check of the forecasts: what a model predicts, beside what others measured or what a formula says."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import yaml

from loadtests.errors import UsageError

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


def read_table(name: str, folder: Path = PUBLISHED) -> list[Row]:
    """Return the rows of a published table. Raise UsageError for a wrong file."""
    rows = list(csv.DictReader(line for line in _lines(name, folder) if not line.startswith("#")))
    if wrong := [number for number, row in enumerate(rows, 1) if None in row or None in row.values()]:
        raise UsageError(f"{folder / name}.csv: row {wrong[0]} has another number of columns than the head")
    return [*rows]


def source_of(name: str, folder: Path = PUBLISHED) -> str:
    """Return the source of a published table, from its first line. Raise UsageError if that lacks it."""
    source, found, _ = _lines(name, folder)[0].removeprefix("# ").partition("; read 20")
    if not found:
        raise UsageError(f"{folder / name}.csv: the first line must give the source and the date it was read")
    return source


def _lines(name: str, folder: Path) -> list[str]:
    file = folder / f"{name}.csv"
    try:
        return file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from error
