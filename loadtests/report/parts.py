"""What a report's page is made of: sections, which hold charts and tables. Every chart brings its data along."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import quote

import plotly.graph_objects as go

Row = Sequence[str]
READ_AT_ONCE = 24  # rows; longer data stays folded on paper too: its chart and its file are there


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text below their heads."""

    head: Sequence[str]
    rows: Sequence[Row]

    @property
    def long(self) -> bool:
        """Whether it is to be looked up rather than read."""
        return len(self.rows) > READ_AT_ONCE

    @property
    def csv_link(self) -> str:
        """The table as a CSV file that is its own address."""
        file = io.StringIO()
        csv.writer(file).writerows([self.head, *self.rows])
        return "data:text/csv;charset=utf-8," + quote(file.getvalue())


class Key(NamedTuple):
    """The sign of one trace. kind: line, dash, dot, hollow, pale or bar, for the style sheet."""

    name: str
    colour: str
    kind: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure with its data. name: of its CSV file. title: what it shows, in a few words."""

    name: str
    title: str
    figure: go.Figure
    data: Table

    @property
    def key(self) -> list[Key]:
        """What its colours and signs mean, the monolith's first."""
        return sorted(
            (_key(trace) for trace in self.figure.data),
            key=lambda one: one.name.startswith(("microservices", "second")),
        )

    @property
    def embedded(self) -> str:
        """The figure as JSON that may stand in a script of HTML."""
        return str(self.figure.to_json()).replace("<", "\\u003c")


class Sentence(NamedTuple):
    """Part of an answer, and where its figures are from."""

    words: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of the page. name: its anchor. words: how to read it. sentences: what it comes to. remarks: below everything else."""

    name: str
    title: str
    words: str = ""
    sentences: Sequence[Sentence] = field(default_factory=tuple)
    charts: Sequence[Chart] = field(default_factory=tuple)
    tables: Sequence[Table] = field(default_factory=tuple)
    remarks: Sequence[str] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """What a command of its own adds to a report. name: of its figures in report.json. question: what it asks.
    answer: what those figures say, in a few sentences. section: all of them; its tables stand in every form of the report.
    charts: what the page draws of them, and no other form: to draw takes seconds."""

    name: str
    question: str
    answer: Callable[[dict[str, Any]], Sequence[Sentence]]
    section: Callable[[dict[str, Any]], Section]
    charts: Callable[[dict[str, Any]], Iterable[Chart]]


def _key(trace: Any) -> Key:
    if trace.type == "scatter" and trace.mode == "lines":
        return Key(trace.name, trace.line.color, "dash" if trace.line.dash == "dash" else "line")
    if trace.type == "scatter":
        return Key(trace.name, trace.marker.color, "hollow" if trace.marker.symbol.endswith("-open") else "dot")
    return Key(trace.name, trace.marker.color, "pale" if trace.marker.opacity else "bar")


def table(head: Sequence[str], rows: Iterable[Row]) -> Table:
    """Return the table of these rows."""
    return Table(head, list(rows))
