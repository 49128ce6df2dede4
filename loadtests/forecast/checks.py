"""A check of the forecasts: what a model predicts, beside what others measured or what a formula says."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from loadtests.errors import UsageError

PUBLISHED = Path(__file__).with_name("published")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A prediction and an observation. tolerance: the largest relative difference; absolute if `is_absolute`.

    source: of the observation. Without one of observed and tolerance it is a figure for the reader, neither in nor out.
    """

    name: str
    source: str
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
    """What docs/validation.md says about checks. arithmetic: the result follows from published figures, without a model."""

    title: str
    inputs: str
    note: str = ""
    arithmetic: bool = False


def texts() -> tuple[dict[str, Texts], dict[str, str]]:
    """Return the texts by the name of the function that makes the checks, and what is not checked with the reason."""
    content = yaml.load((PUBLISHED / "checks.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return {name: Texts(**text) for name, text in content["checks"].items()}, content["not_checked"]


def published(name: str, folder: Path = PUBLISHED) -> tuple[str, Sequence[dict[str, str]]]:
    """Return the source and the rows of a published table. Raise UsageError for a wrong file."""
    file = folder / f"{name}.csv"
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from error
    comments = [line for line in lines if line.startswith("# ")]
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    if not comments or "; read 20" not in comments[0]:
        raise UsageError(f"{file}: the first line must give the source and the date it was read")
    if wrong := [number for number, row in enumerate(rows, 1) if None in row or None in row.values()]:
        raise UsageError(f"{file}: row {wrong[0]} has another number of columns than the head")
    return comments[0].removeprefix("# ").partition(";")[0], rows
