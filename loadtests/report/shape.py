"""The section of a run whose rate changed: how it ran, and latency below it, second by second."""

from collections.abc import Iterator
from typing import Any

from plotly.subplots import make_subplots

from loadtests.report.charts import COLOURS, DASHES, MS_TICKS, dressed
from loadtests.report.parts import Chart, Section, table
from loadtests.report.tables import milliseconds
from loadtests.shapes import STEADY

HEIGHTS = (0.3, 0.7)
GREY = "#7a828b"


def section(report: dict[str, Any], lines: dict[str, Any]) -> Section | None:
    """Return the section, or None of a run at a steady rate."""
    if report["settings"].get("shape", STEADY) == STEADY:
        return None
    return Section(
        name="shape",
        title=f"Load and latency over time: {report['settings']['shape']}",
        words="Above, the arrivals that were due in each second of a block; below, the latency of those that were, over all "
        "blocks of a side: the 95th percentile, and thin its median.",
        charts=list(_charts(lines)),
    )


def _charts(lines: dict[str, Any]) -> Iterator[Chart]:
    for name, scenario in lines["scenarios"].items():
        figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=HEIGHTS, vertical_spacing=0.08)
        offered = next(iter(scenario.values()))["by_second"]
        figure.add_scatter(
            x=[point["at_s"] for point in offered], y=[point["offered"] for point in offered], name="offered", mode="lines",
            line={"color": GREY, "width": 2, "shape": "hv", "dash": "dot"}, hovertemplate="%{y:.1f}/s", row=1, col=1,
        )  # fmt: skip
        for side, points in ((side, scenario[side]["by_second"]) for side in scenario):
            for which, width in (("p95_ms", 2.5), ("p50_ms", 1.0)):
                figure.add_scatter(
                    x=[point["at_s"] for point in points], y=[point[which] for point in points], mode="lines",
                    name=f"{side} {which[:3]}", hovertemplate="%{y:.1f} ms", row=2, col=1,
                    line={"color": COLOURS[side], "width": width, "dash": DASHES[side]},
                )  # fmt: skip
        figure.update_yaxes(title_text="a second", rangemode="tozero", row=1, col=1)
        figure.update_yaxes(title_text="ms", type="log", tickvals=MS_TICKS, row=2, col=1)
        figure.update_xaxes(title_text="seconds of a block", row=2, col=1)
        yield Chart(f"{name}-shape", name, dressed(figure), _data(scenario))


def _data(scenario: dict[str, Any]) -> Any:
    rows = [
        (
            f"{point['at_s']}",
            side,
            f"{point['offered']:.1f}",
            milliseconds(point["p50_ms"]),
            milliseconds(point["p95_ms"]),
        )
        for side in scenario
        for point in scenario[side]["by_second"]
    ]
    return table(("second", "side", "offered", "p50, ms", "p95, ms"), rows)
