"""The charts of a report, as Plotly figures with their data. Sides have one colour, one dash and one symbol everywhere.

The page's style sheet gives text, axes and grid their colours, light or dark; what is coloured here must be seen on both.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import plotly.graph_objects as go

from loadtests.blocks import SIDES
from loadtests.report.parts import Chart, table
from loadtests.report.tables import FRESHNESS, milliseconds, sides

COLOURS = {"monolith": "#3b82c4", "microservices": "#d9730d", "first": "#3b82c4", "second": "#d9730d"}
DASHES = {"monolith": "solid", "microservices": "dash", "first": "solid", "second": "dash"}
SYMBOLS = {"monolith": "circle", "microservices": "diamond", "first": "circle", "second": "diamond"}
FAILED = {"refusals": "#a8831a", "errors": "#c0453a", "dropped": "#7a828b"}
TAIL_TICKS = (50, 90, 99, 99.9)
MS_TICKS = [digit * 10**power for power in range(-1, 5) for digit in (1, 2, 5)]
ACROSS_TICKS = [digit * 10**power for power in range(-1, 5) for digit in (1, 3)]  # fewer: they stand side by side
ROW_PX, AROUND_PX = 32, 60


def by_percentile(lines: dict[str, Any]) -> Iterator[Chart]:
    """Yield, for each scenario, latency at every percentile, the tail stretched out, on a logarithmic scale."""
    for name, scenario in lines["scenarios"].items():
        figure = go.Figure()
        for side in scenario:
            tail = [(1 / (1 - share / 100), value) for share, value in scenario[side]["percentiles"]]
            figure.add_scatter(
                x=[x for x, _ in tail], y=[y for _, y in tail], mode="lines", name=side,
                line={"color": COLOURS[side], "width": 2.5, "dash": DASHES[side]}, hovertemplate="%{y:.1f} ms",
            )  # fmt: skip
        shares = [1 / (1 - share / 100) for share in TAIL_TICKS]
        figure.update_xaxes(type="log", tickvals=shares, ticktext=[f"p{share:g}" for share in TAIL_TICKS])
        _log_ms(figure)
        pairs = zip(*(scenario[side]["percentiles"] for side in scenario), strict=True)
        rows = [(f"{share:g}", milliseconds(own), milliseconds(other)) for (share, own), (_, other) in pairs]
        heads = ("percentile", *(f"{side}, ms" for side in scenario))
        yield Chart(f"{name}-percentiles", name, dressed(figure), table(heads, rows))


def over_time(lines: dict[str, Any]) -> Iterator[Chart]:
    """Yield, for each scenario, the median and the 95th percentile of each second of load, at its place in the run."""
    for name, scenario in lines["scenarios"].items():
        figure = go.Figure()
        for side in scenario:
            points = scenario[side]["over_time"]
            for which, hollow, size in (("p95_ms", "", 7), ("p50_ms", "-open", 5)):
                figure.add_scatter(
                    x=[point["at_s"] for point in points], y=[point[which] for point in points], mode="markers",
                    marker={"color": COLOURS[side], "symbol": SYMBOLS[side] + hollow, "size": size},
                    name=f"{side} {which[:3]}", hovertemplate="%{y:.1f} ms",
                )  # fmt: skip
        figure.update_xaxes(title_text="seconds of load")
        _log_ms(figure)
        rows = [
            (f"{point['at_s']:.1f}", side, milliseconds(point["p50_ms"]), milliseconds(point["p95_ms"]))
            for side in scenario
            for point in scenario[side]["over_time"]
        ]
        yield Chart(f"{name}-over-time", name, dressed(figure), table(("at, s", "side", "p50, ms", "p95, ms"), rows))


def above_floor(report: dict[str, Any]) -> Iterator[Chart]:
    """Yield the median of each scenario in two parts: what the empty architecture takes, and what the system adds."""
    figure, rows = go.Figure(), []
    for side, found in report["floors"].items():
        floor, names = found["empty"]["p50_ms"], list(report["scenarios"])
        totals = [one[side]["p50_ms"] for one in report["scenarios"].values()]
        parts = [(min(floor, total), max(0.0, total - floor)) for total in totals]
        places = [_at(name, side) for name in names]
        figure.add_bar(
            y=places, x=[below for below, _ in parts], name=f"{side}: floor", orientation="h", marker_color=COLOURS[side],
            marker_opacity=0.35,
        )  # fmt: skip
        figure.add_bar(
            y=places, x=[above for _, above in parts], name=f"{side}: above it", orientation="h", cliponaxis=False,
            marker_color=COLOURS[side], text=[f"+{above:.1f}" for _, above in parts], textposition="outside",
        )  # fmt: skip
        rows += [
            (name, side, *(f"{each:.1f}" for each in (*part, total)))
            for name, part, total in zip(names, parts, totals, strict=True)
        ]
    stacked(figure, [_at(name, side) for name in report["scenarios"] for side in sides(report)])
    figure.update_xaxes(title_text="median, ms", rangemode="tozero")
    heads = ("scenario", "side", "floor, ms", "above it, ms", "median, ms")
    yield Chart("above-the-floor", "Medians in two parts", dressed(figure), table(heads, rows))


def freshness(lines: dict[str, Any]) -> Iterator[Chart]:
    """Yield every single lag, so that a tail cannot hide in a mean."""
    figure = go.Figure()
    rows = [
        (FRESHNESS[kind], side, milliseconds(lag))
        for side, kinds in lines["freshness"].items()
        for kind, lags in kinds.items()
        for lag in lags
    ]
    for side in SIDES[::-1]:  # drawn from below
        own = [(FRESHNESS[kind], lag) for kind, lags in lines["freshness"].get(side, {}).items() for lag in lags]
        figure.add_box(
            y=[kind for kind, _ in own], x=[max(lag, 0.1) for _, lag in own], name=side, marker_color=COLOURS[side],
            orientation="h", boxpoints="all", jitter=0.5, pointpos=0, marker_size=5, marker_symbol=SYMBOLS[side], line_width=1,
        )  # fmt: skip
    shown = [words for words in FRESHNESS.values() if any(row[0] == words for row in rows)]
    figure.update_layout(boxmode="group", height=AROUND_PX + 1.4 * ROW_PX * len(shown))
    figure.update_yaxes(categoryorder="array", categoryarray=shown[::-1])
    figure.update_xaxes(type="log", title_text="ms", tickvals=ACROSS_TICKS)
    yield Chart("freshness", "Each trial", dressed(figure), table(("from → to", "side", "ms"), rows))


def outcomes(report: dict[str, Any]) -> Iterator[Chart]:
    """Yield what became of the requests that were offered and not answered rightly, in percent."""
    figure = go.Figure()
    found = [(name, side, scenario[side]) for name, scenario in report["scenarios"].items() for side in sides(report)]
    shares = [_shares(one) for _, _, one in found]
    for outcome, colour in FAILED.items():
        figure.add_bar(
            y=[_at(name, side) for name, side, _ in found], x=[share[outcome] for share in shares], orientation="h",
            name=outcome, marker_color=colour, hovertemplate="%{x:.2f} %",
        )  # fmt: skip
    stacked(figure, [_at(name, side) for name, side, _ in found])
    most = max((sum(share[outcome] for outcome in FAILED) for share in shares), default=0)
    figure.update_xaxes(title_text="% of what was offered", range=[0, max(1, 1.1 * most)])
    rows = [
        (name, side, *(f"{part:.2f}" for part in share.values()))
        for (name, side, _), share in zip(found, shares, strict=True)
    ]
    heads = ("scenario", "side", "right, %", *(f"{outcome}, %" for outcome in FAILED))
    yield Chart("outcomes", "What was not answered rightly", dressed(figure), table(heads, rows))


def _shares(one: dict[str, Any]) -> dict[str, float]:
    counts = {"succeeded": one["goodput"] * one["seconds"], **{name: one[name] for name in FAILED}}
    total = sum(counts.values()) or 1
    return {name: 100 * count / total for name, count in counts.items()}


def _at(scenario: str, side: str) -> str:
    return f"{scenario} · {side}"


def _log_ms(figure: go.Figure) -> None:
    figure.update_yaxes(type="log", tickvals=MS_TICKS, title_text="ms")


def stacked(figure: go.Figure, places: Sequence[str]) -> None:
    """Lay bars of several parts along these places, the first on top."""
    figure.update_layout(barmode="stack", height=AROUND_PX + ROW_PX * len(places), bargap=0.3)
    figure.update_yaxes(categoryorder="array", categoryarray=list(places)[::-1])


def dressed(figure: go.Figure) -> go.Figure:
    """A chart answers a pointer, but has no control that a keyboard would miss; the page writes its key."""
    figure.update_layout(
        template="none",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        margin={"l": 55, "r": 30, "t": 10, "b": 45},
        font={"family": "system-ui, sans-serif", "size": 13},
        showlegend=False,
        dragmode=False,
        hoverlabel={"bgcolor": "#24292f", "bordercolor": "#24292f", "font": {"color": "#fff"}},
    )
    if figure.layout.height is None:
        figure.update_layout(height=270)
    for update in (figure.update_xaxes, figure.update_yaxes):
        update(automargin=True, fixedrange=True, zeroline=False, tickangle=0, title_font_size=13)
    return figure
