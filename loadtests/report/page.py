"""The report as one HTML file that needs nothing else: Plotly is in it, once."""

from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from jinja2 import Environment, FileSystemLoader
from plotly.offline import get_plotlyjs

from loadtests.figures import voids
from loadtests.report import charts, tables
from loadtests.report.charts import COLOURS

WORDS = {
    "monolith": "the monolith is faster",
    "microservices": "the microservices are faster",
    "within noise": "no difference beyond noise",
    "rate not carried": "not compared: a side did not carry the rate",
    "void": "void: the generator was too busy",
}


def as_page(report: dict[str, Any], lines: dict[str, Any]) -> str:
    """Return the page for the figures of report.json and the series of series.json."""
    environment = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True)
    return environment.get_template("page.html").render(
        report=report,
        lines=lines,
        voids=voids(report),
        words=WORDS,
        colours=COLOURS,
        tables={
            "scenarios": (tables.SCENARIO_HEAD, list(tables.scenarios(report))),
            "floors": (tables.FLOOR_HEAD, list(tables.floors(report))),
            "freshness": (tables.FRESHNESS_HEAD, list(tables.freshness(report))),
            "live": (tables.LIVE_HEAD, list(tables.live(report))),
            "effects": (tables.EFFECTS_HEAD, list(tables.effects(report))),
        },
        charts={name: _embedded(figure) for name, figure in _figures(report, lines).items()},
        plotly=get_plotlyjs(),
    )


def _figures(report: dict[str, Any], lines: dict[str, Any]) -> dict[str, go.Figure]:
    return {
        "by_percentile": charts.by_percentile(lines),
        "over_time": charts.over_time(lines),
        "above_floor": charts.above_floor(report),
        "freshness": charts.freshness(lines),
        "outcomes": charts.outcomes(report),
    }


def _embedded(figure: go.Figure) -> str:
    return str(
        figure.to_html(full_html=False, include_plotlyjs=False, config={"displayModeBar": False, "responsive": True})
    )
