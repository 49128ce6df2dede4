"""The chapter of `capacity`: the rate at which each side breaks its service level, and what was saturated."""

from collections.abc import Iterator
from typing import Any

import plotly.graph_objects as go

from loadtests.report.charts import GREY, MS_TICKS, Chart, add_line, add_points, styled
from loadtests.report.tables import Chapter, Finding, Row, Table, milliseconds
from loadtests.results import SIDES

RATE_TICKS = [digit * 10**power for power in range(4) for digit in (1, 2, 5)]
Figures = dict[str, Any]


def chapter(figures: Figures) -> Chapter:
    """Return the chapter. Charts leave void probes out; the tables have them."""
    return Chapter(
        name="capacity",
        title=f"Capacity at {figures['slo']}",
        question="How many requests a second does each side carry before its service level breaks?",
        intro="The open rate rises until the level breaks, then a bisection narrows it down. The knee is where a line through the "
        "probes crosses the level. Filled: p95; hollow: p50; line without symbols: p99; dotted: the limit. If the load "
        "generator reached its own limit, the result is a lower bound.",
        findings=list(_findings(figures)),
        tables=[
            Table(
                columns=("scenario", "side", "requests/s", "interval", "end of the search", "origin"),
                rows=[(name, side, _knee(one), _interval(one), one["ended"], one["origin"]) for name, side, one in _each(figures)],
            ),
            *([ratios] if (ratios := _ratios(figures)).rows else []),
        ],
        charts=lambda: _charts(figures),
        notes=[f"{name}, {side}: {one['saturated']}" for name, side, one in _each(figures)],
    )  # fmt: skip


def _findings(figures: Figures) -> Iterator[Finding]:
    for name, sides in figures["scenarios"].items():
        knees = [f"the {side} {_knee(one)} ({_interval(one)})" for side, one in _sides(sides)]
        origin = "emulated" if any(one["origin"] == "emulated" for _, one in _sides(sides)) else "measured"
        verdict = f"; higher: {sides['ratio']['verdict']}" if "ratio" in sides else ""
        yield Finding(f"Capacity of {name} within {figures['slo']}, requests/s: {', '.join(knees)}{verdict}.", origin)
    if len(figures["scenarios"]) == 1:
        for _, side, one in _each(figures):
            yield Finding(f"The {side}: {one['saturated']}", one["origin"])


def _ratios(figures: Figures) -> Table:
    ratios = [(name, sides["ratio"]) for name, sides in figures["scenarios"].items() if "ratio" in sides]
    rows = [
        (name, f"{one['bound']} {one['ratio']:.2f}".strip(), f"{one['low']:.2f} – {one['high']:.2f}", one["verdict"], one["origin"])
        for name, one in ratios
    ]  # fmt: skip
    return Table(
        columns=("scenario", "microservices over monolith", "interval", "higher capacity", "origin"), rows=rows
    )


def _charts(figures: Figures) -> Iterator[Chart]:
    """Yield latency and goodput against the offered rate, for each scenario."""
    for name, sides in figures["scenarios"].items():
        latency, goodput = go.Figure(), go.Figure()
        for side, one in _sides(sides):
            points = [point for point in one["curve"] if point["outcome"] != "void"]
            rates = [point["rate"] for point in points]
            curves = {key: [point[key] for point in points] for key in ("p50_ms", "p95_ms", "p99_ms", "goodput")}
            add_points(latency, rates, curves["p95_ms"], side=side, name=f"{side} p95", line=True)
            add_points(latency, rates, curves["p50_ms"], side=side, name=f"{side} p50", line=True, hollow=True)
            add_line(latency, rates, curves["p99_ms"], side=side, name=f"{side} p99", width=1)
            add_points(goodput, rates, curves["goodput"], side=side, name=side, line=True)
        limit_ms = float(figures["slo"].removeprefix("p95<").partition("ms")[0])
        latency.add_hline(y=limit_ms, line={"dash": "dot", "width": 2, "color": GREY})
        latency.update_yaxes(type="log", tickvals=MS_TICKS, title_text="ms")
        goodput.update_yaxes(title_text="successful responses a second", rangemode="tozero")
        for which, figure, data in zip(("latency", "goodput"), (latency, goodput), _curve_tables(sides), strict=True):
            figure.update_xaxes(type="log", tickvals=RATE_TICKS, title_text="offered requests a second")
            yield Chart(f"{name}-capacity-{which}", f"{name}: {which} against rate", styled(figure), data)


def _curve_tables(sides: Figures) -> tuple[Table, Table]:
    """Return the points of both curves: latencies and outcome, goodput and failures."""
    points = [(side, f"{point['rate']:g}", point) for side, one in _sides(sides) for point in one["curve"]]
    percentiles, failures = ("p50", "p95", "p99"), ("errors", "refused", "dropped")
    latencies: list[Row] = [
        (
            side,
            rate,
            *(milliseconds(point[f"{one}_ms"]) for one in percentiles),
            f"{point['outcome']} ({point['probes']})",
        )
        for side, rate, point in points
    ]
    shares: list[Row] = [
        (side, rate, f"{point['goodput']:g}", *(f"{point[f'{one}_percent']:.2f}" for one in failures))
        for side, rate, point in points
    ]
    return (
        Table(columns=("side", "offered/s", *(f"{one} ms" for one in percentiles), "level (probes)"), rows=latencies),
        Table(columns=("side", "offered/s", "goodput/s", *(f"{one} %" for one in failures)), rows=shares),
    )


def _each(figures: Figures) -> Iterator[tuple[str, str, Figures]]:
    return ((name, side, one) for name, sides in figures["scenarios"].items() for side, one in _sides(sides))


def _sides(sides: Figures) -> list[tuple[str, Figures]]:
    return [(side, sides[side]) for side in SIDES if side in sides]


def _knee(one: Figures) -> str:
    return "unknown" if one["knee"] is None else f"{one['bound']} {one['knee']:.0f}".strip()


def _interval(one: Figures) -> str:
    return f"from {one['low']:.0f}" if one["high"] is None else f"{one['low']:.0f} – {one['high']:.0f}"
