"""The chapter of `capacity`: the rate at which each side breaks its service level, and what was saturated."""

from collections.abc import Iterator
from typing import Any

import plotly.graph_objects as go

from loadtests.report.charts import GREY, MS_TICKS, add_curve, apply_style
from loadtests.report.tables import Chapter, Chart, Column, Finding, milliseconds, number, table_of
from loadtests.results import SIDES

RATE_TICKS = [digit * 10**power for power in range(4) for digit in (1, 2, 5)]
COLUMNS = [Column(name) for name in ("scenario", "side", "requests/s", "interval", "ended", "origin")]
CURVE_COLUMNS = (
    Column("side"),
    Column("offered/s", "rate", number),
    *(Column(f"{name} ms", f"{name}_ms", milliseconds) for name in ("p50", "p95", "p99")),
    Column("goodput/s", "goodput", number),
    *(Column(f"{name} %", f"{name}_percent", "{:.2f}".format) for name in ("errors", "refused", "dropped")),
    Column("level", "outcome"),
    Column("probes"),
)
Figures = dict[str, Any]


def chapter(figures: Figures) -> Chapter:
    """Return the chapter. Charts leave void probes out; the tables have them."""
    searches = list(_searches(figures))
    return Chapter(
        name="capacity",
        names={"slo": figures["slo"]},
        findings=list(_findings(figures)),
        tables=[table_of(searches, COLUMNS)],
        charts=lambda: _charts(figures),
        notes=[f"{one['scenario']}, {one['side']}: {one['saturated']}" for one in searches],
    )  # fmt: skip


def _searches(figures: Figures) -> Iterator[Figures]:
    """Yield the search of each scenario and side, with its rates in words."""
    for name, sides in figures["scenarios"].items():
        for side in filter(sides.get, SIDES):
            one = sides[side]
            knee = "unknown" if one["knee"] is None else f"{one['bound']} {one['knee']:.0f}".strip()
            interval = f"from {one['low']:.0f}" if one["high"] is None else f"{one['low']:.0f} – {one['high']:.0f}"
            yield {**one, "scenario": name, "side": side, "requests/s": knee, "interval": interval}


def _findings(figures: Figures) -> Iterator[Finding]:
    for name in figures["scenarios"]:
        own = [one for one in _searches(figures) if one["scenario"] == name]
        knees = ", ".join(f"the {one['side']} {one['requests/s']} ({one['interval']})" for one in own)
        origin = "emulated" if any(one["origin"] == "emulated" for one in own) else "measured"
        yield Finding(f"Capacity of {name} within {figures['slo']}, requests/s: {knees}.", origin)


def _charts(figures: Figures) -> Iterator[Chart]:
    """Yield latency against the offered rate, for each scenario."""
    limit_ms = float(figures["slo"].removeprefix("p95<").partition("ms")[0])
    for name, sides in figures["scenarios"].items():
        figure, records = go.Figure(), []
        for side in filter(sides.get, SIDES):
            records += [{"side": side, **point} for point in sides[side]["curve"]]
            points = [point for point in sides[side]["curve"] if point["outcome"] != "void"]
            rates = [point["rate"] for point in points]
            for which, mode, width in (("p95", "lines+markers", 2), ("p50", "lines+markers", 2), ("p99", "lines", 1)):
                times, label = [point[f"{which}_ms"] for point in points], f"{side} {which}"
                add_curve(figure, rates, times, side=side, name=label, mode=mode, hollow=which == "p50", width=width)
        figure.add_hline(y=limit_ms, line={"dash": "dot", "width": 2, "color": GREY})
        figure.update_yaxes(type="log", tickvals=MS_TICKS, title_text="ms")
        figure.update_xaxes(type="log", tickvals=RATE_TICKS, title_text="offered requests a second")
        yield Chart(
            f"{name}-capacity", f"{name}: latency against rate", apply_style(figure), table_of(records, CURVE_COLUMNS)
        )
