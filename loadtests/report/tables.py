"""The model of a report: chapters of findings, tables and charts. Every form (HTML, Markdown, terminal, README) renders it."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table as TerminalTable

if TYPE_CHECKING:
    from loadtests.report.charts import Chart

Row = Sequence[str]
Record = Mapping[str, Any]
MAX_NUMBER = 20  # characters of a cell such as 6.47 – 11.05; a longer one is a sentence
LONG = 24  # rows: a longer table of chart data stays folded on paper, because its chart is printed


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of text below named columns.

    origin: of all rows; empty where a column says it. terminal: the columns that a terminal of 80 columns shows; None for all.
    """

    columns: Sequence[str]
    rows: Sequence[Row]
    title: str = ""
    origin: str = ""
    terminal: Sequence[str] | None = None

    @property
    def caption(self) -> str:
        """Return title and origin in one line."""
        return " ".join(f"{part}." for part in (self.title, self.origin and f"Origin: {self.origin}") if part)

    @property
    def numeric(self) -> list[bool]:
        """Return for each column whether it has only numbers, which are aligned right."""
        return [all(map(_is_number, cells)) for cells in zip(*self.rows, strict=True)] or [False] * len(self.columns)

    @property
    def long(self) -> bool:
        """Whether paper leaves it out."""
        return len(self.rows) > LONG

    @property
    def csv_link(self) -> str:
        """Return a data URL of the table as a CSV file."""
        file = io.StringIO()
        csv.writer(file).writerows([self.columns, *self.rows])
        return "data:text/csv;charset=utf-8," + quote(file.getvalue())

    def markdown(self) -> list[str]:
        """Return the lines of a Markdown table, with the caption above it."""
        rows = (self.columns, ["---"] * len(self.columns), *self.rows)
        return [*([self.caption, ""] if self.caption else []), *(f"| {' | '.join(row)} |" for row in rows)]

    def print(self, console: Console) -> None:
        """Print the columns for a terminal; nothing if there are no rows or no such columns. Numbers are not wrapped."""
        shown = [place for place, name in enumerate(self.columns) if self.terminal is None or name in self.terminal]
        if not (self.rows and shown):
            return
        grid = TerminalTable(
            title=self.title or None, title_justify="left", title_style="bold", box=SIMPLE, padding=0, header_style="dim"
        )  # fmt: skip
        for place in shown:
            number = self.numeric[place]
            grid.add_column(self.columns[place], justify="right" if number else "left", no_wrap=number, overflow="fold")
        for row in self.rows:
            grid.add_row(*(row[place].replace("[", r"\[") for place in shown))
        console.print(grid)


class Column(NamedTuple):
    """A column of records. key: of its values; empty if it is the name. form: writes a value. terminal: whether 80 columns
    have space for it."""

    name: str
    key: str = ""
    form: Callable[[Any], str] = str
    terminal: bool = True

    def text(self, record: Record) -> str:
        """Return the text of a record's cell, a dash where there is no value."""
        value = record.get(self.key or self.name)
        return "–" if value is None else self.form(value)


class Finding(NamedTuple):
    """One sentence that the figures support, with their origin."""

    text: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """A part of a report. name: its anchor. intro: how to read it. notes: below its tables.

    question: what the command that measured it answers. charts: draw them; it takes seconds, so only the page does.
    """

    name: str
    title: str
    intro: str = ""
    question: str = ""
    findings: Sequence[Finding] = ()
    tables: Sequence[Table] = ()
    charts: "Callable[[], Iterable[Chart]]" = tuple
    notes: Sequence[str] = ()


def table_of(records: Iterable[Record], columns: Sequence[Column], *, title: str = "", origin: str = "") -> Table:
    """Return a table with a row for each record."""
    return Table(
        title=title,
        origin=origin,
        columns=[column.name for column in columns],
        rows=[[column.text(record) for column in columns] for record in records],
        terminal=[column.name for column in columns if column.terminal],
    )


def milliseconds(value: float) -> str:
    """Return milliseconds with one decimal below 100, else with none."""
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def number(value: float) -> str:
    """Return a number without trailing zeros."""
    return f"{value:g}"


def percent(share: float) -> str:
    """Return a share as percent with a space, such as 85 %."""
    return f"{100 * share:.0f} %"


def span(values: Iterable[float]) -> str:
    """Return the range of milliseconds, such as 141–220, or the value if there is one."""
    ordered = sorted(values)
    low, high = milliseconds(ordered[0]), milliseconds(ordered[-1])
    return low if low == high else f"{low}–{high}"


def _is_number(cell: str) -> bool:
    return not cell or (cell[0] in "0123456789+-–<>±" and len(cell) <= MAX_NUMBER)
