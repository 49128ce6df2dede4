"""The charts of a report, as Plotly figures. Colours belong to sides and are the same everywhere."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from loadtests.blocks import SIDES
from loadtests.report.tables import FRESHNESS

COLOURS = {"monolith": "#2563a8", "microservices": "#d9730d"}
PALE = {"monolith": "#b9d0ea", "microservices": "#f6d3b0"}
OUTCOMES = {"right": "#3f8f5f", "refusals": "#c9a227", "errors": "#b3362b", "dropped": "#6b6b6b"}
TAIL_TICKS = (50, 75, 95, 99, 99.9)
MS_TICKS = [digit * 10**power for power in range(-1, 5) for digit in (1, 2, 5)]


def by_percentile(lines: dict[str, Any]) -> go.Figure:
    """Latency at every percentile, the tail stretched out, on a logarithmic scale."""
    figure = _one_each(lines["scenarios"], "ms")
    for column, scenario in enumerate(lines["scenarios"].values(), start=1):
        for side in SIDES:
            tail = [(1 / (1 - share / 100), milliseconds) for share, milliseconds in scenario[side]["percentiles"]]
            _line(figure, column, side, tail)
    figure.update_xaxes(
        type="log",
        tickvals=[1 / (1 - share / 100) for share in TAIL_TICKS],
        ticktext=[f"p{share:g}" for share in TAIL_TICKS],
    )
    figure.update_yaxes(type="log", tickvals=MS_TICKS)
    return figure


def over_time(lines: dict[str, Any]) -> go.Figure:
    """The median and the 95th percentile of each second of load, at its place in the run."""
    figure = _one_each(lines["scenarios"], "ms")
    for column, scenario in enumerate(lines["scenarios"].values(), start=1):
        for side in SIDES:
            points = scenario[side]["over_time"]
            for which, symbol, size in (("p95_ms", "circle", 6), ("p50_ms", "circle-open", 4)):
                figure.add_scatter(
                    x=[point["at_s"] for point in points], y=[point[which] for point in points], mode="markers",
                    marker={"color": COLOURS[side], "symbol": symbol, "size": size}, name=f"{side} {which[:3]}",
                    legendgroup=f"{side} {which}", showlegend=column == 1, row=1, col=column,
                )  # fmt: skip
    figure.update_xaxes(title_text="seconds of load")
    figure.update_yaxes(type="log", tickvals=MS_TICKS)
    return figure


def above_floor(report: dict[str, Any]) -> go.Figure:
    """The median of each scenario in two parts: what the empty architecture takes, and what the system adds."""
    figure = go.Figure()
    for side, found in report["floors"].items():
        names, totals = list(report["scenarios"]), [one[side]["p50_ms"] for one in report["scenarios"].values()]
        floor = found["empty"]["p50_ms"]
        places = [names, [side] * len(names)]
        below = [min(floor, total) for total in totals]
        figure.add_bar(x=places, y=below, name=f"{side}: floor", marker_color=PALE[side])
        above = [max(0.0, total - floor) for total in totals]
        figure.add_bar(
            x=places, y=above, name=f"{side}: above it", marker_color=COLOURS[side],
            text=[f"+{value:.1f}" for value in above], textposition="outside", cliponaxis=False,
        )  # fmt: skip
    figure.update_layout(barmode="stack", yaxis_title="median, ms")
    return _dressed(figure)


def freshness(lines: dict[str, Any]) -> go.Figure:
    """Every single lag, so that a tail cannot hide in a mean."""
    figure = go.Figure()
    for side, kinds in lines["freshness"].items():
        pairs = [(FRESHNESS[kind], lag) for kind, lags in kinds.items() for lag in lags]
        figure.add_box(
            x=[kind for kind, _ in pairs], y=[lag for _, lag in pairs], name=side, marker_color=COLOURS[side],
            boxpoints="all", jitter=0.5, pointpos=0, marker_size=4, line_width=1,
        )  # fmt: skip
    figure.update_layout(boxmode="group")
    figure.update_yaxes(type="log", title_text="ms", tickvals=MS_TICKS)
    return _dressed(figure)


def outcomes(report: dict[str, Any]) -> go.Figure:
    """What became of the offered requests, in percent."""
    figure = go.Figure()
    rows = [(f"{name} · {side}", scenario[side]) for name, scenario in report["scenarios"].items() for side in SIDES]
    shares = [_shares(one, report["settings"]) for _, one in rows]
    for outcome, colour in OUTCOMES.items():
        figure.add_bar(
            y=[label for label, _ in rows], x=[share[outcome] for share in shares], orientation="h", name=outcome,
            marker_color=colour,
        )  # fmt: skip
    figure.update_layout(barmode="stack", xaxis={"title": "% of offered requests", "range": [0, 100]})
    figure.update_yaxes(autorange="reversed")
    return _dressed(figure)


def _shares(one: dict[str, Any], settings: dict[str, Any]) -> dict[str, float]:
    seconds = settings["block_s"] * settings["blocks_a_side"]
    counts = {"right": one["goodput"] * seconds, **{name: one[name] for name in OUTCOMES if name != "right"}}
    total = sum(counts.values()) or 1
    return {name: 100 * count / total for name, count in counts.items()}


def _one_each(scenarios: dict[str, Any], unit: str) -> go.Figure:
    figure = make_subplots(
        cols=len(scenarios), shared_yaxes=True, subplot_titles=list(scenarios), horizontal_spacing=0.03
    )
    figure.update_yaxes(title_text=unit, col=1)
    return _dressed(figure)


def _line(figure: go.Figure, column: int, side: str, points: Sequence[tuple[float, float]]) -> None:
    figure.add_scatter(
        x=[x for x, _ in points], y=[y for _, y in points], mode="lines", name=side, legendgroup=side,
        showlegend=column == 1, line={"color": COLOURS[side], "width": 2.5}, row=1, col=column,
    )  # fmt: skip


def _dressed(figure: go.Figure) -> go.Figure:
    figure.update_layout(
        template="plotly_white",
        height=380,
        margin={"l": 60, "r": 20, "t": 40, "b": 50},
        font={"family": "system-ui, sans-serif", "size": 13, "color": "#24292f"},
        legend={"orientation": "h", "y": -0.18},
    )
    return figure
