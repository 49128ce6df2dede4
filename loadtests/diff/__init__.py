"""`python -m loadtests diff A B`: the changes from one run to another, and whether one is a regression.

Exit status: 0 no regression, 1 a regression, 2 no regression but a void or incomplete run, 3 not a report.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from loadtests import arguments
from loadtests.diff.changes import REGRESSION, SAME, WORSE, Change, Figures, Run, changes, counts
from loadtests.errors import UsageError
from loadtests.report.tables import Column, Record, Table, milliseconds, number, table_of
from loadtests.results import SIDES
from loadtests.shapes import STEADY

FINE, REGRESSED, VOID = 0, 1, 2
THRESHOLD = 10.0
MACHINE = ("processor", "cores", "memory_gib")  # a new kernel is the same machine
LOAD = ("rates", "data", "subscribers", "shape")  # the number of blocks only widens intervals
COLUMNS = (
    Column("what"), Column("metric"), Column("A", "before", milliseconds), Column("B", "after", milliseconds),
    Column("change"), Column("interval"), Column("verdict"),
)  # fmt: skip
COUNT_COLUMNS = (
    Column("count", "what"), Column("side"), Column("A", "before", number), Column("B", "after", number), Column("verdict"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The changes from run A to run B. sound: whether both runs are complete and not void. notes: lines above the tables.

    changes: of times and rates, empty if only counts are compared.
    """

    threshold: float
    sound: bool
    notes: list[str]
    changes: list[Change]
    counts: list[Change]

    @property
    def regressions(self) -> int:
        """The number of regressions."""
        return sum(one.verdict == REGRESSION for one in (*self.changes, *self.counts))

    @property
    def status(self) -> int:
        """The exit status. A count can regress even where times are not comparable."""
        return REGRESSED if self.regressions else FINE if self.sound else VOID

    @property
    def conclusion(self) -> str:
        """The result in one line."""
        if count := self.regressions:
            return f"{count} regression{'s' if count > 1 else ''} of more than {self.threshold:.0%}."
        if not self.sound:
            return "No regression, but a void or incomplete run proves nothing: measure again."
        limit, count = f"{self.threshold:.0%}", sum(one.verdict == WORSE for one in (*self.changes, *self.counts))
        worse = f"; {count} {'is' if count == 1 else 'are'} worse, not certainly by more than {limit}" if count else ""
        return f"No regression{f' of more than {limit}' if self.changes else ' in the counts'}{worse}."


def register(verb: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    verb.add_argument("before", type=arguments.report_folder, metavar="A", help="a report.json, or its folder")
    verb.add_argument("after", type=arguments.report_folder, metavar="B", help="the later one")
    verb.add_argument(
        "--threshold", type=arguments.number(0.1, 1_000), default=THRESHOLD, metavar="PERCENT",
        help=f"a figure that is significantly worse by more than this is a regression ({THRESHOLD:g})",
    )  # fmt: skip
    verb.add_argument(
        "--markdown", type=Path, metavar="FILE", help="append the result to this file, for a CI's summary"
    )
    verb.set_defaults(command=run)


def run(options: argparse.Namespace, console: Console) -> int:
    """Print the difference of two runs and return the exit status. Raise UsageError if a file cannot be read or written."""
    result = difference(read(options.before), read(options.after), threshold=options.threshold / 100)
    if options.markdown:
        try:
            with options.markdown.open("a", encoding="utf-8") as file:
                file.write(markdown(result))
        except OSError as error:
            raise UsageError(f"{options.markdown}: {error.strerror}") from error
    show(result, console)
    return result.status


def read(folder: Path) -> Run:
    """Return the run of a report's folder. Raise UsageError if it did not compare the two systems."""
    one = Run(*(json.loads((folder / name).read_text(encoding="utf-8")) for name in ("report.json", "series.json")))
    if tuple(one.report.get("sides", ())) != SIDES:
        raise UsageError(f"{folder}: not a comparison of the two systems")
    return one


def difference(before: Run, after: Run, *, threshold: float) -> Difference:
    """Compare two runs: counts always, times if they are comparable."""
    runs = {"A": before.report, "B": after.report}
    obstacles = [
        *_obstacles(before.report, after.report),
        *(f"{name} is void: {why}" for name, one in runs.items() for why in one["voids"]),
    ]
    measured = [] if obstacles else list(changes(before, after, threshold))
    counted = list(counts(before.report, after.report))
    notes = [
        *(f"{name}: commit {one['commit']}, profile {one['profile']}, {one['machine']['processor']}" for name, one in runs.items()),
        *(f"Only counts are compared: {why}." for why in obstacles),
        *(f"{name} is incomplete." for name, one in runs.items() if not one["complete"]),
        *_unmatched(before.report, after.report),
        *(f"The machine changed too: {one.what} on {one.side} {_percent(one.ratio)}." for one in measured if one.moved_floor),
        f"{sum(one.verdict == SAME for one in counted)} of {len(counted)} counts are the same.",
    ]  # fmt: skip
    sound = all(one["complete"] and not one["voids"] for one in runs.values())
    return Difference(threshold=threshold, sound=sound, notes=notes, changes=measured, counts=counted)


def show(result: Difference, console: Console) -> None:
    """Print the result, no wider than 80 columns."""
    for note in result.notes:
        console.print(note, highlight=False, markup=False)
    for table in tables(result):
        table.print(console)
    console.print(result.conclusion, highlight=False, markup=False)


def markdown(result: Difference) -> str:
    """Return the result as a section of Markdown."""
    lines = ["## From A to B", "", result.conclusion, "", *(f"- {note}" for note in result.notes), ""]
    return "\n".join([*lines, *(line for table in tables(result) for line in (*table.markdown(), ""))])


def tables(result: Difference) -> Iterator[Table]:
    """Yield the times and rates of each side, then the counts that changed."""
    for side in SIDES:
        if own := [change for change in result.changes if change.side == side]:
            title = f"{side}: milliseconds (goodput: responses/s), 99 % interval"
            yield table_of(map(_record, own), COLUMNS, title=title)
    changed = [asdict(one) for one in result.counts if one.verdict != SAME]
    yield table_of(changed, COUNT_COLUMNS, title="Counts that changed")


def _obstacles(before: Figures, after: Figures) -> Iterator[str]:
    """Yield why the times of two runs must not be compared."""
    figures = [(f"machine: {name}", before["machine"].get(name), after["machine"].get(name)) for name in MACHINE]
    figures += [(f"load: {name}", _load(before, after, name), _load(after, before, name)) for name in LOAD]
    yield from (f"another {what} {own} and {others}" for what, own, others in figures if own != others)


def _load(report: Figures, other: Figures, name: str) -> Any:
    """Return a setting; of the rates only those of scenarios that both runs have."""
    value = report["settings"].get(name, STEADY if name == "shape" else None)
    if name == "rates":
        return {scenario: rate for scenario, rate in value.items() if scenario in other["scenarios"]}
    return value


def _unmatched(before: Figures, after: Figures) -> Iterator[str]:
    for name, own, other in (("A", before, after), ("B", after, before)):
        if only := [one for one in own["scenarios"] if one not in other["scenarios"]]:
            yield f"Not compared: only {name} has {', '.join(only)}."


def _record(change: Change) -> Record:
    interval = f"{100 * (change.low - 1):+.0f} … {_percent(change.high)}"
    return {**asdict(change), "change": _percent(change.ratio), "interval": interval}


def _percent(ratio: float) -> str:
    return f"{100 * (ratio - 1):+.0f} %"
