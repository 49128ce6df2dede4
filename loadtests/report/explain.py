"""The chapters of `explain`: the parts of each journey's time with its call traces as waterfalls, and cold starts."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import plotly.graph_objects as go

from loadtests.explain.traces import GATEWAY, PARTS
from loadtests.report import tables
from loadtests.report.charts import apply_style
from loadtests.report.tables import Chapter, Chart, Column, Finding, Row, Table, milliseconds, number, percent, table_of
from loadtests.results import SIDES

COLOURS = ("#7a828b", "#3f7f9f", "#4f6bd0", "#a04f8f", "#8a8a1f", "#a8631a", "#c0453a")  # of PARTS, in order
ROOT_KINDS = ("request", "function", "background", "cold start")
ROW_PX, AROUND_PX = 19, 130
EM_SPACE = "\u2003"
COUNT_COLUMNS = (
    Column("journey"), Column("side"), Column("calls"), Column("functions", form=number),
    Column("store calls", "store_calls", number), Column("units", form=number), Column("rows", form=number),
    Column("store bytes", "store_bytes", "{:,.0f}".format),
    Column("later: functions", "later_functions", number), Column("later: store calls", "later_store_calls", number),
    Column("done after, ms", "later_ms", milliseconds), Column("origin"),
)  # fmt: skip
SPAN_COLUMNS = (
    Column("span"), Column("service"), *(Column(name, form="{:.2f}".format) for name in ("at, ms", "took, ms", "self, ms")),
    *(Column(name, form=number) for name in ("bytes out", "bytes in", "units", "rows")), Column("line"),
)  # fmt: skip
START_COLUMNS = (
    Column("function"), Column("INIT CPU ms", "init_cpu_ms"), Column("first request ms", "first_ms"), Column("warm ms", "warm_ms"),
    Column("package MB", "package_mb", "{:.2f}".format), Column("origin"),
)  # fmt: skip
TIMES = ("init_cpu_ms", "first_ms", "warm_ms")
Figures = dict[str, Any]
Calls = Sequence[Figures]


def chapter(figures: Figures) -> Chapter:
    """Return the chapter: parts and counts as tables, traces as charts."""
    return Chapter(
        name="explain",
        findings=[Finding(text, figures["origin"]) for text in _findings(figures["journeys"])],
        tables=[_parts_table(figures["journeys"]), table_of(_counts(figures), COUNT_COLUMNS)],
        charts=lambda: _charts(figures["journeys"]),
    )


def cold_starts(figures: Figures) -> Chapter:
    """Return the chapter of cold starts: one table of functions, with the median of each time and its range."""
    records = [
        {"function": name, **one, **{time: _with_range(one, time) for time in TIMES}, "origin": figures["origin"]}
        for name, one in figures["functions"].items()
    ]
    return Chapter(
        name="cold-starts", findings=list(_start_findings(figures)), tables=[table_of(records, START_COLUMNS)]
    )


def _findings(journeys: Figures) -> Iterator[str]:
    """Yield the total on either side, and the largest parts of the difference."""
    first, second = (_parts([call for sides in journeys.values() for call in sides[side]]) for side in SIDES)
    yield (
        f"Warm and without load, all journeys together took {milliseconds(sum(first.values()))} ms on the monolith and "
        f"{milliseconds(sum(second.values()))} ms on the microservices."
    )
    differences = {name: second[name] - first[name] for name in PARTS}
    total = sum(differences.values()) or 1
    largest = sorted(differences.items(), key=lambda one: -abs(one[1]))[:3]
    yield f"Of the difference, {', '.join(f'{percent(ms / total)} is {name}' for name, ms in largest)}."


def _parts_table(journeys: Figures) -> Table:
    rows = [row for name, sides in journeys.items() for row in _parts_rows(name, sides)]
    columns = ("journey", "part", *(f"{side}, ms" for side in SIDES), "difference, ms", "of the difference")
    return Table(columns=columns, rows=rows)


def _parts_rows(name: str, sides: dict[str, Calls]) -> Iterator[Row]:
    first, second = (_parts(sides[side]) for side in SIDES)
    totals = sum(first.values()), sum(second.values())
    difference = totals[1] - totals[0]
    yield name, "all", *map(milliseconds, totals), f"{difference:+.1f}", ""
    for part in PARTS:
        if part in first or part in second:
            change = second[part] - first[part]
            share = percent(change / difference) if difference else "–"
            yield "", part, milliseconds(first[part]), milliseconds(second[part]), f"{change:+.1f}", share


def _counts(figures: Figures) -> Iterator[Figures]:
    """Yield what each journey did on each side, until its answers and later."""
    for name, sides in figures["journeys"].items():
        for side in SIDES:
            calls, later = sides[side], [call["afterwards"] for call in sides[side]]
            yield {
                "journey": name, "side": side, "calls": len(calls), **_sum(call["counts"] for call in calls),
                **{f"later_{key}": count for key, count in _sum(one["counts"] for one in later).items()},
                "later_ms": max((one["ms"] for one in later), default=0.0), "origin": figures["origins"][side],
            }  # fmt: skip


def _charts(journeys: dict[str, dict[str, Calls]]) -> Iterator[Chart]:
    """Yield the waterfalls of both sides of each journey, then the work after the responses."""
    for name, sides in journeys.items():
        for side in SIDES:
            yield _waterfall(f"{name}-{side}", f"{name}: {side}", list(_call_records(sides[side])))
    for name, sides in journeys.items():
        works = [(side, call, span) for side in SIDES for call in sides[side] for span in call["afterwards"]["spans"]]
        records = [
            _record(span, 0.0, of=f"{side}, {call['operation']}", drawn=span["kind"] in ROOT_KINDS)
            for side, call, span in works
        ]
        if any(one["drawn"] for one in records):
            yield _waterfall(f"{name}-afterwards", f"{name}: afterwards", records)


def _call_records(calls: Calls) -> Iterator[Figures]:
    """Yield the calls of a journey, one after the other, each with its spans."""
    begin = 0.0
    for call in calls:
        yield {
            "span": call["operation"], "service": "client", "at, ms": begin, "took, ms": call["ms"],
            "self, ms": call["parts"].get(GATEWAY, 0.0), "bytes out": call["counts"]["bytes_out"],
            "bytes in": call["counts"]["bytes_in"], "units": None, "rows": None, "line": "",
            "part": GATEWAY, "label": call["operation"], "hover": GATEWAY, "drawn": True,
        }  # fmt: skip
        for one in call["spans"]:
            yield _record(one, begin, drawn=True)
        begin += call["ms"]


def _record(span: Figures, begin: float, *, drawn: bool, of: str = "") -> Figures:
    """Return a row of a span's table, with what its bar needs. begin: of its call, in milliseconds."""
    counts, lines = span["counts"], span["lines"][:2]
    return {
        "span": EM_SPACE * (span["depth"] + 1) + span["name"], "service": span["service"], "at, ms": begin + span["at_ms"],
        "took, ms": span["ms"], "self, ms": span["self_ms"], "bytes out": counts.get("bytes_out"),
        "bytes in": counts.get("bytes_in"), "units": counts.get("units"), "rows": counts.get("rows"), "line": " ← ".join(lines),
        "part": span["part"], "label": _label(span), "hover": ", ".join(filter(None, (of, *lines[:1]))), "drawn": drawn,
    }  # fmt: skip


def _label(span: Figures) -> str:
    """Return the service of a root span, with its event source unless that is a request; of a store call, the operation."""
    if span["kind"] not in ROOT_KINDS:
        return str(span["name"]).removeprefix("dynamodb ")
    start = "start of " if span["kind"] == "cold start" else ""
    source = "" if "/" in span["name"] or span["name"] == "authorizer" else f" ← {span['name']}"
    return f"{start}{span['service']}{source}"


def _waterfall(name: str, title: str, records: Sequence[Figures]) -> Chart:
    figure, bars = go.Figure(), [one for one in records if one["drawn"]]
    for part, colour in zip(PARTS, COLOURS, strict=True):
        if own := [(place, bar) for place, bar in enumerate(bars) if bar["part"] == part]:
            figure.add_bar(
                y=[place for place, _ in own], base=[bar["at, ms"] for _, bar in own], x=[bar["took, ms"] for _, bar in own],
                name=part, orientation="h", marker_color=colour, customdata=[bar["hover"] for _, bar in own], width=0.8,
                hovertemplate="%{x:.2f} ms<br>%{customdata}",
            )  # fmt: skip
    figure.update_layout(barmode="overlay", height=AROUND_PX + ROW_PX * len(bars))
    labels = [bar["label"] for bar in bars]
    figure.update_yaxes(tickvals=list(range(len(bars))), ticktext=labels, autorange="reversed")
    figure.update_xaxes(title_text="ms", rangemode="tozero")
    return Chart(f"explain-{name}", title, apply_style(figure), table_of(records, SPAN_COLUMNS))


def _parts(calls: Calls) -> Counter[str]:
    """Return the milliseconds of each part of all the calls."""
    return _sum(call["parts"] for call in calls)


def _sum(counts: Iterable[dict[str, float]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return total


def _with_range(function: Figures, time: str) -> str | None:
    median, seen = function[time], function.get(f"{time}_range")
    return None if median is None else f"{milliseconds(median)} ({tables.span(seen)})" if seen else milliseconds(median)


def _start_findings(figures: Figures) -> Iterator[Finding]:
    reached = [one for one in figures["functions"].values() if all(one[name] for name in TIMES)]
    if reached:
        cold, warm = (
            tables.span(one["init_cpu_ms"] + one["first_ms"] for one in reached),
            tables.span(one["warm_ms"] for one in reached),
        )
        text = f"A cold function needs {cold} ms until its first answer, a warm one {warm} ms."
        yield Finding(text, figures["origin"])
