"""The charts of a comparison as Plotly figures with their data. Each side has one colour, dash and symbol everywhere.

The page's style sheet colours text, axes and grid for light and dark; the colours here are visible on both.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from loadtests.report.tables import Table, milliseconds

COLOURS = {"monolith": "#3b82c4", "microservices": "#d9730d", "first": "#3b82c4", "second": "#d9730d"}
DASHES = {"monolith": "solid", "microservices": "dash", "first": "solid", "second": "dash"}
SYMBOLS = {"monolith": "circle", "microservices": "diamond", "first": "circle", "second": "diamond"}
FAILURES = {"refusals": "#a8831a", "errors": "#c0453a", "dropped": "#7a828b"}
GREY = "#7a828b"
TAIL_TICKS = (50, 90, 99, 99.9)
MS_TICKS = [digit * 10**power for power in range(-1, 5) for digit in (1, 2, 5)]
SPARSE_MS_TICKS = [digit * 10**power for power in range(-1, 5) for digit in (1, 3)]
ROW_PX, AROUND_PX = 32, 60
Report = dict[str, Any]
Series = dict[str, Any]


class LegendEntry(NamedTuple):
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
    def legend(self) -> list[LegendEntry]:
        """Return the meaning of colours and signs, the monolith's first."""
        return sorted(
            map(_legend_entry, self.figure.data), key=lambda one: one.name.startswith(("microservices", "second"))
        )

    @property
    def embedded(self) -> str:
        """Return the figure as JSON that is safe inside a script element."""
        return str(self.figure.to_json()).replace("<", "\\u003c")


def percentile_charts(series: Series) -> Iterator[Chart]:
    """Yield, for each scenario, latency at every percentile, the tail stretched, on a logarithmic scale."""
    for name, sides in series["scenarios"].items():
        figure = go.Figure()
        for side, curves in sides.items():
            add_line(figure, *zip(*((_tail(share), ms) for share, ms in curves["percentiles"]), strict=True), side=side)
        figure.update_xaxes(
            type="log", tickvals=[*map(_tail, TAIL_TICKS)], ticktext=[f"p{share:g}" for share in TAIL_TICKS]
        )
        figure.update_yaxes(type="log", tickvals=MS_TICKS, title_text="ms")
        pairs = zip(*(curves["percentiles"] for curves in sides.values()), strict=True)
        rows = [(f"{points[0][0]:g}", *(milliseconds(ms) for _, ms in points)) for points in pairs]
        columns = ("percentile", *(f"{side}, ms" for side in sides))
        yield Chart(f"{name}-percentiles", name, styled(figure), Table(columns=columns, rows=rows))


def over_time_charts(series: Series) -> Iterator[Chart]:
    """Yield, for each scenario, the median and the p95 of each second of load, at its time in the run."""
    for name, sides in series["scenarios"].items():
        figure = go.Figure()
        for side, curves in sides.items():
            points, at = curves["over_time"], [point["at_s"] for point in curves["over_time"]]
            add_points(figure, at, [point["p95_ms"] for point in points], side=side, name=f"{side} p95")
            add_points(figure, at, [point["p50_ms"] for point in points], side=side, name=f"{side} p50", hollow=True)
        figure.update_xaxes(title_text="seconds of load")
        figure.update_yaxes(type="log", tickvals=MS_TICKS, title_text="ms")
        rows = [
            (f"{point['at_s']:.1f}", side, milliseconds(point["p50_ms"]), milliseconds(point["p95_ms"]))
            for side, curves in sides.items()
            for point in curves["over_time"]
        ]
        data = Table(columns=("at, s", "side", "p50, ms", "p95, ms"), rows=rows)
        yield Chart(f"{name}-over-time", name, styled(figure), data)


def shape_charts(series: Series) -> Iterator[Chart]:
    """Yield, for each scenario of a changing rate, the arrivals of each second of a block, and latency below them."""
    for name, sides in series["scenarios"].items():
        figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=(0.3, 0.7), vertical_spacing=0.08)
        seconds = next(iter(sides.values()))["by_second"]
        figure.add_scatter(
            x=[second["at_s"] for second in seconds], y=[second["offered"] for second in seconds], name="offered", mode="lines",
            line={"color": GREY, "width": 2, "shape": "hv", "dash": "dot"}, hovertemplate="%{y:.1f}/s", row=1, col=1,
        )  # fmt: skip
        for side, curves in sides.items():
            at = [second["at_s"] for second in curves["by_second"]]
            for which, width in (("p95", 2.5), ("p50", 1.0)):
                values = [second[f"{which}_ms"] for second in curves["by_second"]]
                add_line(figure, at, values, side=side, name=f"{side} {which}", width=width, row=2, col=1)
        figure.update_yaxes(title_text="a second", rangemode="tozero", row=1, col=1)
        figure.update_yaxes(title_text="ms", type="log", tickvals=MS_TICKS, row=2, col=1)
        figure.update_xaxes(title_text="seconds of a block", row=2, col=1)
        rows = [
            (str(one["at_s"]), side, f"{one['offered']:.1f}", milliseconds(one["p50_ms"]), milliseconds(one["p95_ms"]))
            for side, curves in sides.items()
            for one in curves["by_second"]
        ]
        data = Table(columns=("second", "side", "offered", "p50, ms", "p95, ms"), rows=rows)
        yield Chart(f"{name}-shape", name, styled(figure), data)


def floor_chart(report: Report) -> Iterator[Chart]:
    """Yield the median of each scenario in two parts: the floor, and the time above it."""
    figure, rows = go.Figure(), []
    for side, floors in report["floors"].items():
        floor, names = floors["empty"]["p50_ms"], list(report["scenarios"])
        medians = [one[side]["p50_ms"] for one in report["scenarios"].values()]
        below, above = [min(floor, one) for one in medians], [max(0.0, one - floor) for one in medians]
        bars = {"y": [_row_label(name, side) for name in names], "orientation": "h", "marker_color": COLOURS[side]}
        figure.add_bar(x=below, name=f"{side}: floor", marker_opacity=0.35, **bars)
        labels = [f"+{one:.1f}" for one in above]
        figure.add_bar(x=above, name=f"{side}: above it", text=labels, textposition="outside", cliponaxis=False, **bars)
        parts = zip(names, below, above, medians, strict=True)
        rows += [(name, side, *(f"{each:.1f}" for each in values)) for name, *values in parts]
    stack(figure, [_row_label(name, side) for name in report["scenarios"] for side in report["sides"]])
    figure.update_xaxes(title_text="median, ms", rangemode="tozero")
    data = Table(columns=("scenario", "side", "floor, ms", "above it, ms", "median, ms"), rows=rows)
    yield Chart("above-the-floor", "Medians in two parts", styled(figure), data)


def freshness_chart(series: Series, labels: dict[str, str]) -> Iterator[Chart]:
    """Yield every single lag, so that no mean hides a tail. labels: of the kinds of lag."""
    lags = [
        (labels[kind], side, lag)
        for side, kinds in series["freshness"].items()
        for kind, values in kinds.items()
        for lag in values
    ]
    figure = go.Figure()
    for side in [*series["freshness"]][::-1]:  # Plotly draws the first box at the bottom
        own = [(label, max(lag, 0.1)) for label, one, lag in lags if one == side]
        figure.add_box(
            y=[label for label, _ in own], x=[lag for _, lag in own], name=side, marker_color=COLOURS[side], line_width=1,
            orientation="h", boxpoints="all", jitter=0.5, pointpos=0, marker_size=5, marker_symbol=SYMBOLS[side],
        )  # fmt: skip
    shown = [label for label in labels.values() if any(label == one for one, _, _ in lags)]
    figure.update_layout(boxmode="group", height=AROUND_PX + 1.4 * ROW_PX * len(shown))
    figure.update_yaxes(categoryorder="array", categoryarray=shown[::-1])
    figure.update_xaxes(type="log", title_text="ms", tickvals=SPARSE_MS_TICKS)
    rows = [(label, side, milliseconds(lag)) for label, side, lag in lags]
    yield Chart("freshness", "Each trial", styled(figure), Table(columns=("from → to", "side", "ms"), rows=rows))


def failure_chart(report: Report) -> Iterator[Chart]:
    """Yield the refused, failed and dropped requests in percent of the offered ones."""
    measured = [(name, side, one[side]) for name, one in report["scenarios"].items() for side in report["sides"]]
    places = [_row_label(name, side) for name, side, _ in measured]
    shares = [_shares(one) for _, _, one in measured]
    figure = go.Figure()
    for outcome, colour in FAILURES.items():
        values = [share[outcome] for share in shares]
        figure.add_bar(
            y=places, x=values, orientation="h", name=outcome, marker_color=colour, hovertemplate="%{x:.2f} %"
        )
    stack(figure, places)
    most = max((sum(share[outcome] for outcome in FAILURES) for share in shares), default=0)
    figure.update_xaxes(title_text="% of the offered requests", range=[0, max(1, 1.1 * most)])
    rows = [
        (name, side, *(f"{part:.2f}" for part in share.values()))
        for (name, side, _), share in zip(measured, shares, strict=True)
    ]
    columns = ("scenario", "side", "successful, %", *(f"{outcome}, %" for outcome in FAILURES))
    yield Chart("outcomes", "Requests without a successful response", styled(figure), Table(columns=columns, rows=rows))


def add_line(
    figure: go.Figure,
    x: Sequence[float],
    y: Sequence[float],
    *,
    side: str,
    name: str = "",
    width: float = 2.5,
    **more: Any,
) -> None:
    """Add a line in the colour and dash of a side."""
    line = {"color": COLOURS[side], "width": width, "dash": DASHES[side]}
    figure.add_scatter(x=x, y=y, mode="lines", name=name or side, line=line, hovertemplate="%{y:.1f} ms", **more)


def add_points(
    figure: go.Figure,
    x: Sequence[float],
    y: Sequence[float],
    *,
    side: str,
    name: str,
    hollow: bool = False,
    line: bool = False,
) -> None:
    """Add the symbols of a side, connected if `line` is set."""
    marker = {"color": COLOURS[side], "symbol": SYMBOLS[side] + ("-open" if hollow else ""), "size": 5 if hollow else 7}
    figure.add_scatter(
        x=x, y=y, name=name, marker=marker, hovertemplate="%{y:.1f}", mode="lines+markers" if line else "markers",
        line={"color": COLOURS[side], "width": 2, "dash": DASHES[side]},
    )  # fmt: skip


def stack(figure: go.Figure, places: Sequence[str]) -> None:
    """Stack horizontal bars at these places, the first on top."""
    figure.update_layout(barmode="stack", height=AROUND_PX + ROW_PX * len(places), bargap=0.3)
    figure.update_yaxes(categoryorder="array", categoryarray=list(places)[::-1])


def styled(figure: go.Figure) -> go.Figure:
    """Remove what the page draws itself (legend, colours of text) and every control that a keyboard does not reach."""
    figure.update_layout(
        template="none", paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)", showlegend=False, dragmode=False,
        margin={"l": 55, "r": 30, "t": 10, "b": 45}, font={"family": "system-ui, sans-serif", "size": 13},
        hoverlabel={"bgcolor": "#24292f", "bordercolor": "#24292f", "font": {"color": "#fff"}},
        height=figure.layout.height or 270,
    )  # fmt: skip
    for update in (figure.update_xaxes, figure.update_yaxes):
        update(automargin=True, fixedrange=True, zeroline=False, tickangle=0, title_font_size=13)
    return figure


def _tail(percentile: float) -> float:
    return 1 / (1 - percentile / 100)


def _row_label(scenario: str, side: str) -> str:
    return f"{scenario} · {side}"


def _shares(one: dict[str, Any]) -> dict[str, float]:
    counts = {"succeeded": one["goodput"] * one["seconds"], **{name: one[name] for name in FAILURES}}
    total = sum(counts.values()) or 1
    return {name: 100 * count / total for name, count in counts.items()}


def _legend_entry(trace: Any) -> LegendEntry:
    if trace.type == "scatter" and trace.mode == "lines":
        return LegendEntry(trace.name, trace.line.color, "dash" if trace.line.dash == "dash" else "line")
    if trace.type == "scatter":
        return LegendEntry(trace.name, trace.marker.color, "hollow" if trace.marker.symbol.endswith("-open") else "dot")
    return LegendEntry(trace.name, trace.marker.color, "pale" if trace.marker.opacity else "bar")
