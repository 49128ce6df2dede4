"""Two written runs as `diff` needs them, and whether their times may be compared at all."""

import zlib
from binascii import Error as NotBase64
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from hdrh.codec import HdrCookieException, HdrLengthException
from hdrh.histogram import HdrHistogram

from loadtests.blocks import SIDES
from loadtests.histograms import decoded
from loadtests.shapes import STEADY

MACHINE = ("processor", "cores", "memory_gib")  # a new kernel is the same machine
# What a latency depends on; how many blocks there were, its interval shows.
LOAD = ("rates", "data", "subscribers", "shape")
Kind = TypeVar("Kind")


class NoReport(Exception):
    """What was named is no run of the comparison; one line says why."""


class Summary(msgspec.Struct):
    """One scenario on one side."""

    offered_rate: float
    goodput: float
    errors: int
    refusals: int
    dropped: int
    seconds: float = 0.0
    origin: str = ""


class Scenario(msgspec.Struct):
    """One scenario on both sides."""

    monolith: Summary
    microservices: Summary

    def sides(self) -> Iterator[tuple[str, Summary]]:
        """Yield each side by its name."""
        yield from zip(SIDES, (self.monolith, self.microservices), strict=True)


class Lag(msgspec.Struct):
    """One kind of lag on one side."""

    trials: int = 0
    stale_first_reads: int = 0
    never: int = 0


class Parity(msgspec.Struct):
    """How often the two systems of a run differed."""

    checks: int
    failed: int


class Report(msgspec.Struct):
    """What `diff` reads of report.json, in every schema so far. Lags and effects are by name, then by side."""

    schema: int
    commit: str
    profile: str
    machine: dict[str, str | int]
    parity: Parity
    scenarios: dict[str, Scenario]
    settings: dict[str, Any] = {}
    freshness: dict[str, dict[str, Lag]] = {}
    after_the_load: dict[str, dict[str, int | str]] = {}
    voids: list[str] = []
    complete: bool = True

    def offered(self, side: Summary) -> float:
        """Return how many requests one side of a scenario was offered in the measured seconds."""
        return side.offered_rate * (side.seconds or self.block_s * self.blocks_a_side)

    @property
    def block_s(self) -> float:
        """The measured seconds of a block."""
        return float(self.settings.get("block_s", 1))

    @property
    def blocks_a_side(self) -> int:
        """How many blocks each scenario had on each side."""
        return int(self.settings.get("blocks_a_side", 1))


class BlockCounts(msgspec.Struct):
    """One block: what became of its requests, and its histogram in interchange form."""

    succeeded: int
    latencies: str


class SideSeries(msgspec.Struct):
    """The blocks of one scenario on one side."""

    blocks: list[BlockCounts] = []


class Series(msgspec.Struct):
    """What `diff` reads of series.json. Scenarios and floors are by name and side, floors by side and name."""

    scenarios: dict[str, dict[str, SideSeries]] = {}
    floors: dict[str, dict[str, list[BlockCounts]]] = {}
    freshness: dict[str, dict[str, list[float]]] = {}


class Run(msgspec.Struct, frozen=True):
    """A run: its figures, and the series beside them, which an old or a copied report may lack."""

    report: Report
    series: Series

    def blocks(self, scenario: str, side: str) -> list[BlockCounts]:
        """Return the blocks of a scenario on a side; none where it was not run, or they were not kept."""
        found = self.series.scenarios.get(scenario, {}).get(side)
        return found.blocks if found else []

    @property
    def blocks_kept(self) -> bool:
        """Whether there are blocks to draw from."""
        return any(side.blocks for sides in self.series.scenarios.values() for side in sides.values())


def read(place: Path) -> Run:
    """Return the run that a report.json, or the folder of one, holds. Raise NoReport with one line if it holds none."""
    file = place / "report.json" if place.is_dir() else place
    beside = file.with_name("series.json")
    return Run(_decoded(file, Report), _decoded(beside, Series) if beside.exists() else Series())


def histogram(block: BlockCounts) -> HdrHistogram:
    """Return the latencies of a block. Raise NoReport if they are not in interchange form."""
    try:
        return decoded(block.latencies)
    except (NotBase64, ValueError, IndexError, zlib.error, HdrLengthException, HdrCookieException) as broken:
        raise NoReport(f"series.json: a histogram is broken ({broken})") from broken


def hindrances(before: Run, after: Run) -> list[str]:
    """Return why times of these runs may not be compared: nothing where they may."""
    one, other = before.report, after.report
    machines = [(name, one.machine.get(name), other.machine.get(name)) for name in MACHINE]
    loads = [(name, _load(before, after, name), _load(after, before, name)) for name in LOAD]
    return [
        *([f"schema {one.schema} and {other.schema}"] if one.schema != other.schema else []),
        *(f"another machine: {name} {own} and {others}" for name, own, others in machines if own != others),
        *(f"another load: {name} {own} and {others}" for name, own, others in loads if own != others),
        *(
            f"{name} has no series.json with blocks"
            for name, run in (("A", before), ("B", after))
            if not run.blocks_kept
        ),
    ]


def _load(run: Run, other: Run, name: str) -> Any:
    """The rates of what both ran count, not of what only one was asked for."""
    found = run.report.settings.get(name, STEADY if name == "shape" else None)
    if name != "rates" or not isinstance(found, dict):
        return found
    return {scenario: rate for scenario, rate in found.items() if scenario in other.report.scenarios}


def _decoded(file: Path, kind: type[Kind]) -> Kind:
    try:
        return msgspec.json.decode(file.read_bytes(), type=kind)
    except OSError as away:
        raise NoReport(f"{file}: {away.strerror}") from away
    except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
        raise NoReport(f"{file}: no report of a comparison ({wrong})") from wrong
