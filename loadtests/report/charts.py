"""The charts of a comparison as Plotly figures with their data. Each side has one colour, dash and symbol everywhere.

The page's style sheet colours text, axes and grid for light and dark; the colours here are visible on both.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import plotly.graph_objects as go

from loadtests.report.tables import Chart, Column, Table, milliseconds, number, table_of, words

COLOURS = {"monolith": "#3b82c4", "microservices": "#d9730d", "first": "#3b82c4", "second": "#d9730d"}
DASHES = {"monolith": "solid", "microservices": "dash", "first": "solid", "second": "dash"}
SYMBOLS = {"monolith": "circle", "microservices": "diamond", "first": "circle", "second": "diamond"}
GREY = "#7a828b"
TAIL_TICKS = (50, 90, 99, 99.9)
MS_TICKS = [digit * 10**power for power in range(-1, 5) for digit in (1, 2, 5)]
SPARSE_MS_TICKS = [digit * 10**power for power in range(-1, 5) for digit in (1, 3)]
ROW_PX, AROUND_PX = 32, 90
TIME_COLUMNS = (
    Column("at, s", "at_s", number), Column("side"), Column("p50, ms", "p50_ms", milliseconds),
    Column("p95, ms", "p95_ms", milliseconds), Column("offered/s", "offered", number),
)  # fmt: skip
LAG_COLUMNS = (Column("from → to", "label"), Column("side"), Column("ms", form=milliseconds))
Report = dict[str, Any]
Series = dict[str, Any]


def percentile_charts(series: Series) -> Iterator[Chart]:
    """Yield, for each scenario, latency at every percentile, the tail stretched, on a logarithmic scale."""
    for name, sides in series["scenarios"].items():
        figure = go.Figure()
        for side, curves in sides.items():
            points = zip(*((_tail(share), ms) for share, ms in curves["percentiles"]), strict=True)
            add_curve(figure, *points, side=side, name=side, mode="lines")
        figure.update_xaxes(
            type="log", tickvals=[*map(_tail, TAIL_TICKS)], ticktext=[f"p{share:g}" for share in TAIL_TICKS]
        )
        figure.update_yaxes(type="log", tickvals=MS_TICKS, title_text="ms")
        pairs = zip(*(curves["percentiles"] for curves in sides.values()), strict=True)
        rows = [(f"{points[0][0]:g}", *(milliseconds(ms) for _, ms in points)) for points in pairs]
        columns = ("percentile", *(f"{side}, ms" for side in sides))
        yield Chart(f"{name}-percentiles", name, apply_style(figure), Table(columns=columns, rows=rows))


def shape_charts(series: Series) -> Iterator[Chart]:
    """Yield p50, p95 and the offered rate of each second of a block, for each scenario."""
    for name, sides in series["scenarios"].items():
        figure, records = go.Figure(), []
        for side, curves in sides.items():
            points = curves["by_second"]
            at = [point["at_s"] for point in points]
            for which in ("p95", "p50"):
                times, hollow = [point[f"{which}_ms"] for point in points], which == "p50"
                add_curve(figure, at, times, side=side, name=f"{side} {which}", mode="markers", hollow=hollow)
            records += [{"side": side, **point} for point in points]
        _add_rate(figure, at, [point["offered"] for point in points])
        figure.update_xaxes(title_text="seconds of a block")
        figure.update_layout(yaxis={"type": "log", "tickvals": MS_TICKS, "title": "ms"})
        yield Chart(f"{name}-over-time", name, apply_style(figure), table_of(records, TIME_COLUMNS))


def freshness_chart(series: Series) -> Iterator[Chart]:
    """Yield every single lag, so that no mean hides a tail."""
    records = [
        {"label": words(kind), "side": side, "ms": lag}
        for side, kinds in series["freshness"].items()
        for kind, lags in kinds.items()
        for lag in lags
    ]
    figure = go.Figure()
    for side in [*series["freshness"]][::-1]:  # Plotly draws the first box at the bottom
        own = [one for one in records if one["side"] == side]
        figure.add_box(
            y=[one["label"] for one in own], x=[max(one["ms"], 0.1) for one in own], name=side, marker_color=COLOURS[side],
            orientation="h", boxpoints="all", jitter=0.5, pointpos=0, marker_size=5, marker_symbol=SYMBOLS[side], line_width=1,
        )  # fmt: skip
    shown = list(dict.fromkeys(one["label"] for one in records))
    figure.update_layout(boxmode="group", legend_traceorder="reversed", height=AROUND_PX + 1.4 * ROW_PX * len(shown))
    figure.update_yaxes(categoryorder="array", categoryarray=shown[::-1])
    figure.update_xaxes(type="log", title_text="ms", tickvals=SPARSE_MS_TICKS)
    yield Chart("freshness", "Each trial", apply_style(figure), table_of(records, LAG_COLUMNS))


def add_curve(
    figure: go.Figure, x: Sequence[float], y: Sequence[float], *, side: str, name: str, mode: str, hollow: bool = False,
    width: float = 2.5,
) -> None:  # fmt: skip
    """Add points or a line in the colour, dash and symbol of a side. mode: as in Plotly."""
    figure.add_scatter(
        x=x, y=y, name=name, mode=mode, hovertemplate="%{y:.1f} ms",
        line={"color": COLOURS[side], "width": width, "dash": DASHES[side]},
        marker={"color": COLOURS[side], "symbol": SYMBOLS[side] + "-open" * hollow, "size": 5 if hollow else 7},
    )  # fmt: skip


def apply_style(figure: go.Figure) -> go.Figure:
    """Put the legend above the chart. Remove every control that a keyboard does not reach, and colours that the page sets."""
    figure.update_layout(
        template="none", paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)", dragmode=False,
        legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "itemclick": False, "itemdoubleclick": False},
        legend_traceorder=figure.layout.legend.traceorder or "normal",
        margin={"l": 55, "r": 30, "t": 10, "b": 45}, font={"family": "system-ui, sans-serif", "size": 13},
        hoverlabel={"bgcolor": "#24292f", "bordercolor": "#24292f", "font": {"color": "#fff"}},
        height=figure.layout.height or 300,
    )  # fmt: skip
    for update in (figure.update_xaxes, figure.update_yaxes):
        update(automargin=True, fixedrange=True, zeroline=False, tickangle=0, title_font_size=13)
    return figure


def _add_rate(figure: go.Figure, at: Sequence[float], offered: Sequence[float]) -> None:
    """Add the offered rate with an axis of its own, on the right."""
    line = {"color": GREY, "width": 2, "shape": "hv", "dash": "dot"}
    figure.add_scatter(
        x=at, y=offered, name="offered/s", mode="lines", line=line, hovertemplate="%{y:.1f}/s", yaxis="y2"
    )
    axis = {"overlaying": "y", "side": "right", "title": "offered/s", "rangemode": "tozero", "tickmode": "auto"}
    figure.update_layout(yaxis2=axis, yaxis2_showgrid=False)


def _tail(percentile: float) -> float:
    return 1 / (1 - percentile / 100)
