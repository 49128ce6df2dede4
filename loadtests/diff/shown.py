"""The difference of two runs, at the terminal and as Markdown."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from loadtests.blocks import SIDES
from loadtests.diff.changes import BETTER, NOISE, REGRESSION, TOO_FEW, WORSE, Change
from loadtests.diff.counts import SAME, Count
from loadtests.diff.runs import Report
from loadtests.report.markdown import table
from loadtests.report.tables import milliseconds

CHANGE_HEAD = ("what", "metric", "A", "B", "change", "interval", "verdict")
UNITS = "milliseconds (goodput: right/s), change in %, 99 % interval"
COUNT_HEAD = ("counted", "side", "A", "B", "verdict")
STYLES = {REGRESSION: "bold red", WORSE: "yellow", BETTER: "green", NOISE: "dim", TOO_FEW: "dim"}
Rows = list[tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """All that is to be said of two runs. hindrances: why only counts are compared; voids: why not even that says much. alone:
    what only one of them has."""

    before: Report
    after: Report
    threshold: float
    hindrances: list[str]
    voids: list[str]
    unfinished: list[str]
    alone: list[str]
    changes: list[Change]
    counts: list[Count]


def show(found: Difference, console: Console) -> None:
    """Print it, no wider than 80 columns."""
    for line in _remarks(found):
        console.print(line, highlight=False, markup=False)
    for side, rows in _by_side(found):
        _print(f"{side}: {UNITS}", CHANGE_HEAD, rows, console)
    _print("Counted", COUNT_HEAD, _counted(found), console)
    console.print(conclusion(found), highlight=False, markup=False)


def as_markdown(found: Difference) -> str:
    """Return it as a section of Markdown."""
    lines = ["## From A to B", "", conclusion(found), "", *(f"- {line}" for line in _remarks(found)), ""]
    for side, rows in _by_side(found):
        lines += [f"### {side}", "", f"{UNITS.capitalize()}.", "", *table(CHANGE_HEAD, rows), ""]
    return "\n".join([*lines, "### Counted", "", *table(COUNT_HEAD, _counted(found)), ""])


def conclusion(found: Difference) -> str:
    """Return what it comes to, in one line."""
    verdicts = [change.verdict(found.threshold) for change in found.changes] + [one.verdict for one in found.counts]
    number = verdicts.count(REGRESSION)
    if number:
        return f"{number} regression{'s' if number > 1 else ''} of more than {found.threshold:.0%}."
    if found.voids:
        return "A void run proves nothing: measure again."
    if found.unfinished:
        return "No regression in what both measured, and one of them was ended before it was complete: measure again."
    return (
        "No regression in what is counted."
        if found.hindrances
        else f"No regression of more than {found.threshold:.0%}."
    )


def _remarks(found: Difference) -> Iterator[str]:
    for name, report in (("A", found.before), ("B", found.after)):
        yield f"{name}: commit {report.commit}, profile {report.profile}, {report.machine.get('processor')}"
    for why in found.hindrances:
        yield f"Only counts are compared: {why}."
    for why in found.voids:
        yield f"Void, so only counts are compared: {why}."
    for name in found.unfinished:
        yield f"{name} was ended before it was complete."
    for words in found.alone:
        yield f"Not compared: {words}."
    for change in found.changes:
        if change.floor and change.verdict(found.threshold) != NOISE:
            yield f"The machine changed too: {change.what} on {change.side} {_percent(change.ratio)} %."
    yield f"{sum(count.verdict == SAME for count in found.counts)} of {len(found.counts)} counts are the same."


def _by_side(found: Difference) -> Iterator[tuple[str, Rows]]:
    for side in SIDES:
        if rows := [_row(change, found.threshold) for change in found.changes if change.side == side]:
            yield side, rows


def _row(change: Change, threshold: float) -> tuple[str, ...]:
    between = f"{_percent(change.low)} … {_percent(change.high)}"
    values = (milliseconds(change.before), milliseconds(change.after))
    return (change.what, change.metric, *values, _percent(change.ratio), between, change.verdict(threshold))


def _percent(ratio: float) -> str:
    return f"{100 * (ratio - 1):+.0f}"


def _counted(found: Difference) -> Rows:
    return [
        (count.what, count.side, str(count.before), str(count.after), count.verdict)
        for count in found.counts
        if count.verdict != SAME
    ]


def _print(title: str, head: Sequence[str], rows: Iterable[Sequence[str]], console: Console) -> None:
    shown = Table(title=title, title_justify="left", title_style="bold", header_style="dim", box=SIMPLE, padding=0)
    for name in head:
        shown.add_column(
            name, justify="left" if name in ("what", "counted", "side", "verdict") else "right", no_wrap=True
        )
    for *cells, verdict in rows:
        shown.add_row(*cells, f"[{STYLES[verdict]}]{verdict}")
    if shown.row_count:
        console.print(shown)
