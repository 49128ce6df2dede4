"""The call traces of a journey as waterfalls: one bar a span, at its time, and below it what it waited for."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import plotly.graph_objects as go

from loadtests.blocks import SIDES
from loadtests.explain.parts import DOOR, JSON, PARTS
from loadtests.report.charts import dressed
from loadtests.report.parts import Chart, table

COLOURS = {
    "door": "#7a828b",
    "who calls": "#3f7f9f",
    "own code": "#4f6bd0",
    "stores": "#2e8b6f",
    "transaction": "#8a8a1f",
    "hops": "#a8631a",
    "cold start": "#c0453a",
    "serialising": "#a04f8f",
}
HEAD = ("what", "by", "at, ms", "took, ms", "of its own, ms", "bytes out", "bytes in", "units", "rows", "line")
ROW_PX, AROUND_PX = 19, 50
_DEEPER = "\u2003"  # a space as wide as a letter is high
Calls = Sequence[dict[str, Any]]


class Row(NamedTuple):
    """A bar: its part, its label, when it begins and how long it is in milliseconds, what is said of it."""

    part: str
    label: str
    at_ms: float
    ms: float
    said: str


def waterfalls(journey: str, sides: dict[str, Calls]) -> Iterator[Chart]:
    """Yield what a journey waited for, on either side."""
    for side in SIDES:
        rows, lines, began = [], [], 0.0
        for call in sides[side]:
            rows.append(Row(DOOR, call["operation"], began, call["ms"], PARTS[DOOR]))
            lines.append(_of_call(call, began))
            for span in call["spans"]:
                lines.append(_of_span(span, began))
                if span["part"] != JSON:
                    rows.append(_row(span, began))
            began += call["ms"]
        yield _chart(f"{journey}-{side}", f"{journey}: {side}", rows, lines)


def afterwards(journey: str, sides: dict[str, Calls]) -> Iterator[Chart]:
    """Yield what a journey set off and did not wait for, on both sides, by the time since the call that did."""
    found = [(side, call, span) for side in SIDES for call in sides[side] for span in call["afterwards"]["spans"]]
    rows = [_row(span, 0.0, of=f"{side}, {call['operation']}") for side, call, span in found if _is_root(span)]
    if rows:
        yield _chart(
            f"{journey}-afterwards", f"{journey}: afterwards", rows, [_of_span(span, 0.0) for _, _, span in found]
        )


def _is_root(span: dict[str, Any]) -> bool:
    return span["kind"] in ("request", "function", "background", "cold start")


def _row(span: dict[str, Any], began: float, of: str = "") -> Row:
    said = ", ".join(filter(None, (of, span["lines"][0] if span["lines"] else "")))
    return Row(span["part"], _label(span), began + span["at_ms"], span["ms"], said)


def _label(span: dict[str, Any]) -> str:
    """A root is named by who told of it, and by what woke it where that is no call; of a store, its name goes without saying."""
    if not _is_root(span):
        return str(span["name"]).removeprefix("dynamodb ")
    starts = "start of " if span["kind"] == "cold start" else ""
    woken = "" if "/" in span["name"] or span["name"] == "authorizer" else f" ← {span['name']}"
    return f"{starts}{span['service']}{woken}"


def _of_call(call: dict[str, Any], began: float) -> tuple[str, ...]:
    times = (f"{began:.2f}", f"{call['ms']:.2f}", f"{call['parts'].get(DOOR, 0.0):.2f}")
    sizes = (f"{call['counts'][way]:g}" for way in ("bytes_out", "bytes_in"))
    return call["operation"], "client", *times, *sizes, "", "", ""


def _of_span(span: dict[str, Any], began: float) -> tuple[str, ...]:
    counts, deeper = span["counts"], _DEEPER * (span["depth"] + 1)
    told = [f"{counts[name]:g}" if name in counts else "" for name in ("bytes_out", "bytes_in", "units", "rows")]
    size = f"{counts['bytes']:g}" if "bytes" in counts else told[0]
    times = (f"{began + span['at_ms']:.2f}", f"{span['ms']:.2f}", f"{span['self_ms']:.2f}")
    return deeper + span["name"], span["service"], *times, size, *told[1:], " ← ".join(span["lines"][:2])


def _chart(name: str, title: str, rows: Sequence[Row], lines: Sequence[tuple[str, ...]]) -> Chart:
    figure = go.Figure()
    for part, colour in COLOURS.items():
        own = [(place, row) for place, row in enumerate(rows) if row.part == part]
        if own:
            figure.add_bar(
                y=[place for place, _ in own], base=[row.at_ms for _, row in own], x=[row.ms for _, row in own],
                name=PARTS[part], orientation="h", marker_color=colour, customdata=[row.said for _, row in own], width=0.8,
                hovertemplate="%{x:.2f} ms<br>%{customdata}",
            )  # fmt: skip
    figure.update_layout(barmode="overlay", height=AROUND_PX + ROW_PX * len(rows))
    figure.update_yaxes(tickvals=list(range(len(rows))), ticktext=[row.label for row in rows], autorange="reversed")
    figure.update_xaxes(title_text="ms", rangemode="tozero")
    return Chart(f"explain-{name}", title, dressed(figure), table(HEAD, lines))
