"""The model of a report: chapters of findings, tables and charts. Every form (HTML, Markdown, terminal, README) renders it."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import yaml
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table as TerminalTable

Row = Sequence[str]
Record = Mapping[str, Any]
MAX_NUMBER = 20  # characters of a cell such as 6.47 – 11.05; a longer one is a sentence
TEXTS: dict[str, dict[str, str]] = yaml.safe_load(Path(__file__).with_name("chapters.yaml").read_text(encoding="utf-8"))
LONG = 24  # rows: a longer table of chart data stays folded on paper, because its chart is printed


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of text below named columns.

    origin: of all rows; empty where a column says it.
    """

    columns: Sequence[str]
    rows: Sequence[Row]
    title: str = ""
    origin: str = ""

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
        """Print the table; nothing if it has no rows. Headings are wrapped, numbers are not."""
        if not self.rows:
            return
        grid = TerminalTable(
            title=self.title or None, title_justify="left", title_style="bold", box=SIMPLE, padding=0, header_style="dim"
        )  # fmt: skip
        for name, number in zip(self.columns, self.numeric, strict=True):
            grid.add_column(name, justify="right" if number else "left", overflow="fold")
        for row in self.rows:
            cells = zip(row, self.numeric, strict=True)
            grid.add_row(
                *(cell.replace(" ", "\u00a0") if number else cell.replace("[", r"\[") for cell, number in cells)
            )
        console.print(grid)


class Column(NamedTuple):
    """A column of records. key: of its values; empty if it is the name. form: writes a value."""

    name: str
    key: str = ""
    form: Callable[[Any], str] = str

    def text(self, record: Record) -> str:
        """Return the text of a record's cell, a dash where there is no value."""
        value = record.get(self.key or self.name)
        return "–" if value is None else self.form(value)


@dataclass(frozen=True, slots=True)
class Chart:
    """A Plotly figure with its data. name: of its CSV file. title: what it shows, in a few words."""

    name: str
    title: str
    figure: Any
    data: Table

    @property
    def json(self) -> str:
        """Return the figure as JSON that is safe inside a script element."""
        return str(self.figure.to_json()).replace("<", "\\u003c")


class Finding(NamedTuple):
    """One sentence that the figures support, with their origin."""

    text: str
    origin: str


class Bar(NamedTuple):
    """One value of both sides, drawn as two bars. texts: the values as shown. more: shown on hover."""

    label: str
    values: tuple[float, float]
    texts: tuple[str, str]
    more: str = ""

    @property
    def widths(self) -> tuple[float, float]:
        """The lengths of the bars in percent of the longer one."""
        longest = max(self.values) or 1.0
        return 100 * self.values[0] / longest, 100 * self.values[1] / longest


class Answer(NamedTuple):
    """The answer to one of the five questions. chapter: the anchor of its figures, empty if the run has none."""

    question: str
    text: str
    origin: str
    chapter: str = ""
    bars: Sequence[Bar] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """A part of a report. name: its anchor. notes: below its tables. names: those in braces in its text.

    charts: draw them; it takes seconds, so only the page does.
    """

    name: str
    findings: Sequence[Finding] = ()
    tables: Sequence[Table] = ()
    charts: Callable[[], Iterable[Chart]] = tuple
    notes: Sequence[str] = ()
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> dict[str, str]:
        """Return its title, its intro and the question of the command that measured it, as far as it has them."""
        return {kind: text.format_map(self.names) for kind, text in TEXTS[self.name].items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """The first screen and the chapters. alerts: kind and text of each reason not to trust the report as a whole.

    answers: to the five questions; empty unless both systems were compared. results: the table of scenarios; None without a
    comparison.
    """

    question: str
    facts: str
    alerts: list[tuple[str, str]]
    answers: list[Answer]
    findings: list[Finding]
    results: Table | None
    chapters: list[Chapter]


def table_of(records: Iterable[Record], columns: Sequence[Column], *, title: str = "", origin: str = "") -> Table:
    """Return a table with a row for each record."""
    return Table(
        title=title,
        origin=origin,
        columns=[column.name for column in columns],
        rows=[[column.text(record) for column in columns] for record in records],
    )


def milliseconds(value: float) -> str:
    """Return milliseconds with one decimal below 100, else with none."""
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def dollars(value: float) -> str:
    """Return dollars with cents below 100."""
    return f"${value:,.2f}" if value < 100 else f"${value:,.0f}"


def number(value: float) -> str:
    """Return a number without trailing zeros."""
    return f"{value:g}"


def percent(share: float) -> str:
    """Return a share as percent with a space, such as 85 %."""
    return f"{100 * share:.0f} %"


def words(name: str) -> str:
    """Return the name of a figure in words, such as vote → post score for vote_to_post_score."""
    return name.replace("_to_", " → ").replace("_", " ")


def span(values: Iterable[float]) -> str:
    """Return the range of milliseconds, such as 141–220, or the value if there is one."""
    ordered = sorted(values)
    low, high = milliseconds(ordered[0]), milliseconds(ordered[-1])
    return low if low == high else f"{low}–{high}"


def _is_number(cell: str) -> bool:
    return not cell or (cell[0] in "0123456789+-–<>±" and len(cell) <= MAX_NUMBER)
