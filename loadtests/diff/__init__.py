"""`python -m loadtests diff A B`: the changes from one run to another, and whether one is a regression.

Exit status: 0 no regression, 1 a regression, 2 no regression but a void or incomplete run, 3 not a report.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from loadtests.diff.changes import REGRESSION, SAME, Change, changes, counts
from loadtests.diff.runs import Run, obstacles, read
from loadtests.errors import UsageError
from loadtests.report.tables import Row, Table, milliseconds
from loadtests.results import SIDES
from loadtests.settings import number

FINE, REGRESSED, VOID = 0, 1, 2
THRESHOLD = 10.0
COLUMNS = ("what", "metric", "A", "B", "change", "interval", "verdict")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The changes from run A to run B. comparable: False if only counts are compared. notes: lines above the tables."""

    threshold: float
    comparable: bool
    void: bool
    complete: bool
    notes: list[str]
    changes: list[Change]
    counts: list[Change]

    @property
    def regressions(self) -> int:
        """The number of regressions."""
        return sum(one.verdict == REGRESSION for one in (*self.changes, *self.counts))


def register(verb: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    verb.add_argument("before", type=Path, metavar="A", help="a report.json, or its folder")
    verb.add_argument("after", type=Path, metavar="B", help="the later one")
    verb.add_argument(
        "--threshold", type=number(0.1, 1_000), default=THRESHOLD, metavar="PERCENT",
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
            with options.markdown.open("a") as file:
                file.write(markdown(result))
        except OSError as error:
            raise UsageError(f"{options.markdown}: {error.strerror}") from error
    show(result, console)
    return status(result)


def difference(before: Run, after: Run, *, threshold: float) -> Difference:
    """Compare two runs: counts always, times if they are comparable. Raise InvalidReport if a histogram is malformed."""
    runs = {"A": before.report, "B": after.report}
    voids = [f"void {name}: {reason}" for name, report in runs.items() for reason in report.voids]
    hindering, complete = [*obstacles(before, after), *voids], all(report.complete for report in runs.values())
    measured = [] if hindering else list(changes(before, after, threshold))
    counted = list(counts(before.report, after.report))
    notes = [
        *(
            f"{name}: commit {one.commit}, profile {one.profile}, {one.machine.get('processor')}"
            for name, one in runs.items()
        ),
        *(f"Only counts are compared: {why}." for why in hindering),
        *(f"{name} is incomplete." for name, report in runs.items() if not report.complete),
        *_unmatched(before, after),
        *(
            f"The machine changed too: {one.what} on {one.side} {_percent(one.ratio)}."
            for one in measured
            if one.moved_floor
        ),
        f"{sum(one.verdict == SAME for one in counted)} of {len(counted)} counts are the same.",
    ]
    return Difference(
        threshold=threshold, comparable=not hindering, void=bool(voids), complete=complete, notes=notes,
        changes=measured, counts=counted,
    )  # fmt: skip


def status(result: Difference) -> int:
    """Return the exit status. A count can regress even where times are not comparable."""
    if result.regressions:
        return REGRESSED
    return FINE if result.complete and not result.void else VOID


def show(result: Difference, console: Console) -> None:
    """Print the result, no wider than 80 columns."""
    for note in result.notes:
        console.print(note, highlight=False, markup=False)
    for table in tables(result):
        table.print(console)
    console.print(conclusion(result), highlight=False, markup=False)


def markdown(result: Difference) -> str:
    """Return the result as a section of Markdown."""
    lines = ["## From A to B", "", conclusion(result), "", *(f"- {note}" for note in result.notes), ""]
    return "\n".join([*lines, *(line for table in tables(result) for line in (*table.markdown(), ""))])


def tables(result: Difference) -> Iterator[Table]:
    """Yield the times and rates of each side, then the counts that changed."""
    for side in SIDES:
        if rows := [_row(change) for change in result.changes if change.side == side]:
            title = f"{side}: milliseconds (goodput: responses/s), 99 % interval"
            yield Table(title=title, columns=COLUMNS, rows=rows)
    changed = [one for one in result.counts if one.verdict != SAME]
    rows = [(one.what, one.side, f"{one.before:g}", f"{one.after:g}", one.verdict) for one in changed]
    yield Table(title="Counts that changed", columns=("count", "side", "A", "B", "verdict"), rows=rows)


def conclusion(result: Difference) -> str:
    """Return the result in one line."""
    if number := result.regressions:
        return f"{number} regression{'s' if number > 1 else ''} of more than {result.threshold:.0%}."
    if result.void:
        return "A void run proves nothing: measure again."
    if not result.complete:
        return "No regression in what both runs measured, but one is incomplete: measure again."
    return (
        f"No regression of more than {result.threshold:.0%}." if result.comparable else "No regression in the counts."
    )


def _unmatched(before: Run, after: Run) -> Iterator[str]:
    for name, own, other in (("A", before, after), ("B", after, before)):
        if only := [one for one in own.report.scenarios if one not in other.report.scenarios]:
            yield f"Not compared: only {name} has {', '.join(only)}."


def _row(change: Change) -> Row:
    interval = f"{100 * (change.low - 1):+.0f} … {_percent(change.high)}"
    values = (milliseconds(change.before), milliseconds(change.after))
    return change.what, change.metric, *values, _percent(change.ratio), interval, change.verdict


def _percent(ratio: float) -> str:
    return f"{100 * (ratio - 1):+.0f} %"
