"""Two written runs as `diff` reads them, and whether their times may be compared."""

from pathlib import Path
from typing import Any, TypeVar

import msgspec

from loadtests.errors import UsageError
from loadtests.histograms import decode
from loadtests.provenance import SCHEMA
from loadtests.shapes import STEADY
from loadtests.statistics.samples import BlockHistograms

MACHINE = ("processor", "cores", "memory_gib")  # a new kernel is the same machine
LOAD = ("rates", "data", "subscribers", "shape")  # the number of blocks only widens intervals
Kind = TypeVar("Kind")


class InvalidReport(UsageError):
    """A file is not a report of a comparison."""


class Summary(msgspec.Struct):
    """One scenario on one side."""

    offered_rate: float
    errors: int
    refusals: int
    dropped: int
    seconds: float


class Scenario(msgspec.Struct):
    """One scenario on both sides."""

    monolith: Summary
    microservices: Summary


class Report(msgspec.Struct):
    """The fields of report.json that are compared. Lags and effects: by name, then by side."""

    schema: int
    commit: str
    profile: str
    machine: dict[str, str | int]
    parity: dict[str, int | str]
    scenarios: dict[str, Scenario]
    settings: dict[str, Any] = {}
    freshness: dict[str, dict[str, dict[str, Any]]] = {}
    after_the_load: dict[str, dict[str, int | str]] = {}
    voids: list[str] = []
    complete: bool = True


class Block(msgspec.Struct):
    """The successful responses of one block, and its compressed histogram."""

    succeeded: int
    latencies: str


class SideSeries(msgspec.Struct):
    """The blocks of one scenario on one side."""

    blocks: list[Block] = []


class Series(msgspec.Struct):
    """The fields of series.json. Scenarios: by name and side; floors and lags: by side and name."""

    scenarios: dict[str, dict[str, SideSeries]] = {}
    floors: dict[str, dict[str, list[Block]]] = {}
    freshness: dict[str, dict[str, list[float]]] = {}


class Run(msgspec.Struct, frozen=True):
    """The figures of a run, and its series, which a copied report may lack."""

    report: Report
    series: Series


def read(place: Path) -> Run:
    """Return the run of a report.json or of its folder. Raise InvalidReport with one line if it is not one of today's schema."""
    file = place / "report.json" if place.is_dir() else place
    series = file.with_name("series.json")
    report = _read(file, Report)
    if report.schema != SCHEMA:
        raise InvalidReport(f"{file}: has schema {report.schema}, not {SCHEMA}")
    return Run(report, _read(series, Series) if series.exists() else Series())


def histograms(blocks: list[Block]) -> BlockHistograms:
    """Return the latencies of blocks."""
    return BlockHistograms([decode(block.latencies) for block in blocks])


def obstacles(before: Run, after: Run) -> list[str]:
    """Return why the times of two runs must not be compared, or nothing."""
    one, other = before.report, after.report
    figures = [(f"machine: {name}", one.machine.get(name), other.machine.get(name)) for name in MACHINE]
    figures += [(f"load: {name}", _load(one, other, name), _load(other, one, name)) for name in LOAD]
    without = [name for name, run in (("A", before), ("B", after)) if not run.series.scenarios]
    return [
        *(f"another {what} {own} and {others}" for what, own, others in figures if own != others),
        *(f"{name} has no series.json with blocks" for name in without),
    ]


def _load(report: Report, other: Report, name: str) -> Any:
    """Return a setting; of the rates only those of scenarios that both runs have."""
    value = report.settings.get(name, STEADY if name == "shape" else None)
    if name == "rates" and isinstance(value, dict):
        return {scenario: rate for scenario, rate in value.items() if scenario in other.scenarios}
    return value


def _read(file: Path, kind: type[Kind]) -> Kind:
    try:
        return msgspec.json.decode(file.read_bytes(), type=kind)
    except OSError as error:
        raise InvalidReport(f"{file}: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidReport(f"{file}: not a report of a comparison ({error})") from error
