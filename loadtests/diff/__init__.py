"""`python -m loadtests diff A B`: the changes from one run to another, and whether one is a regression.

Exit status: 0 no regression, 1 a regression, 2 no regression but a void or incomplete run, 3 not a report.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from loadtests.diff.changes import NOISE, REGRESSION, SAME, Change, CountChange, changes, counts
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
    """The changes from run A to run B. obstacles: why only counts are compared. unmatched: what only one run has."""

    before: Run
    after: Run
    threshold: float
    obstacles: list[str]
    voids: list[str]
    incomplete: list[str]
    unmatched: list[str]
    changes: list[Change]
    counts: list[CountChange]

    def verdict_of(self, change: Change) -> str:
        """Return the verdict of one change."""
        return change.verdict(self.threshold)

    @property
    def regressions(self) -> int:
        """The number of regressions."""
        return [*map(self.verdict_of, self.changes), *(one.verdict for one in self.counts)].count(REGRESSION)


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
    pairs = (("A", before.report, after.report), ("B", after.report, before.report))
    hindering, voids = obstacles(before, after), [f"{name}: {why}" for name, own, _ in pairs for why in own.voids]
    only = {name: [one for one in own.scenarios if one not in other.scenarios] for name, own, other in pairs}
    return Difference(
        before=before,
        after=after,
        threshold=threshold,
        obstacles=hindering,
        voids=voids,
        incomplete=[name for name, own, _ in pairs if not own.complete],
        unmatched=[f"only {name} has {', '.join(scenarios)}" for name, scenarios in only.items() if scenarios],
        changes=[] if hindering or voids else list(changes(before, after)),
        counts=list(counts(before.report, after.report)),
    )


def status(result: Difference) -> int:
    """Return the exit status. A count can regress even where times are not comparable."""
    if result.regressions:
        return REGRESSED
    return VOID if result.voids or result.incomplete else FINE


def show(result: Difference, console: Console) -> None:
    """Print the result, no wider than 80 columns."""
    for note in _notes(result):
        console.print(note, highlight=False, markup=False)
    for table in tables(result):
        table.print(console)
    console.print(conclusion(result), highlight=False, markup=False)


def markdown(result: Difference) -> str:
    """Return the result as a section of Markdown."""
    lines = ["## From A to B", "", conclusion(result), "", *(f"- {note}" for note in _notes(result)), ""]
    return "\n".join([*lines, *(line for table in tables(result) for line in (*table.markdown(), ""))])


def tables(result: Difference) -> Iterator[Table]:
    """Yield the times and rates of each side, then the counts that changed."""
    for side in SIDES:
        if rows := [_row(result, change) for change in result.changes if change.side == side]:
            title = f"{side}: milliseconds (goodput: responses/s), 99 % interval"
            yield Table(title=title, columns=COLUMNS, rows=rows)
    rows = [
        (one.what, one.side, str(one.before), str(one.after), one.verdict)
        for one in result.counts
        if one.verdict != SAME
    ]
    yield Table(title="Counts that changed", columns=("count", "side", "A", "B", "verdict"), rows=rows)


def conclusion(result: Difference) -> str:
    """Return the result in one line."""
    if number := result.regressions:
        return f"{number} regression{'s' if number > 1 else ''} of more than {result.threshold:.0%}."
    if result.voids:
        return "A void run proves nothing: measure again."
    if result.incomplete:
        return "No regression in what both runs measured, but one is incomplete: measure again."
    return "No regression in the counts." if result.obstacles else f"No regression of more than {result.threshold:.0%}."


def _notes(result: Difference) -> Iterator[str]:
    for name, one in (("A", result.before.report), ("B", result.after.report)):
        yield f"{name}: commit {one.commit}, profile {one.profile}, {one.machine.get('processor')}"
    for why in (*result.obstacles, *(f"void {void}" for void in result.voids)):
        yield f"Only counts are compared: {why}."
    for name in result.incomplete:
        yield f"{name} is incomplete."
    for what in result.unmatched:
        yield f"Not compared: {what}."
    for change in result.changes:
        if change.floor and result.verdict_of(change) != NOISE:
            yield f"The machine changed too: {change.what} on {change.side} {_percent(change.ratio)}."
    yield f"{sum(one.verdict == SAME for one in result.counts)} of {len(result.counts)} counts are the same."


def _row(result: Difference, change: Change) -> Row:
    interval = f"{100 * (change.low - 1):+.0f} … {_percent(change.high)}"
    values = (milliseconds(change.before), milliseconds(change.after))
    return change.what, change.metric, *values, _percent(change.ratio), interval, result.verdict_of(change)


def _percent(ratio: float) -> str:
    return f"{100 * (ratio - 1):+.0f} %"
