"""The chapter of `forecast/latency.py`: latency of each operation and freshness of each effect, as modelled for AWS."""

from collections.abc import Iterator
from typing import Any

import plotly.graph_objects as go

from loadtests.report.charts import AROUND_PX, apply_style
from loadtests.report.parameters import parameter_table
from loadtests.report.tables import Chapter, Chart, Column, Finding, milliseconds, table_of, words
from loadtests.results import SIDES

COLOURS = {  # of the parts, blue for the monolith's and orange for the services'
    "balancer": "#9dc3e6", "server": "#3b82c4", "round trips": "#27598a", "database": "#6f7fd6",
    "gateway": "#f2b27a", "authorizer": "#b98a2f", "own code": "#d9730d", "stores": "#9a4a0c", "cold starts": "#c0453a",
}  # fmt: skip
BAR_PX = 17
POINTS = ("p50", "p95", "p99")
PERCENTILES = tuple(Column(f"{name} ms", f"{name}_ms", milliseconds) for name in POINTS)
OPERATION_COLUMNS = (
    Column("operation"), *(Column(f"{side} {name} ms", form=milliseconds) for side in SIDES for name in POINTS),
    Column("microservices cold p50 ms", form=milliseconds),
)  # fmt: skip
PART_COLUMNS = (
    Column("operation"), Column("side"), PERCENTILES[0], *(Column(f"{part} ms", part, milliseconds) for part in COLOURS),
)  # fmt: skip
LAG_COLUMNS = (Column("from → to", "label"), Column("side"), *PERCENTILES)
Figures = dict[str, Any]


def chapter(figures: Figures) -> Chapter:
    """Return the chapter. Every figure in it is modelled; its last table lists the parameters."""
    origin = figures["origin"]
    return Chapter(
        name="latency",
        names={"region": figures["region"]},
        findings=[Finding(text, origin) for text in (*_findings(figures["headline"]), *_lags(figures["freshness"]))],
        tables=[
            table_of(_operations(figures), OPERATION_COLUMNS, title="Latency", origin=origin),
            table_of(_freshness(figures), LAG_COLUMNS, title="Freshness", origin=origin),
            parameter_table(figures["parameters"]),
        ],
        charts=lambda: _charts(figures),
        notes=[f"{words(kind)}: no forecast without {', '.join(names)}" for kind, names in figures["missing"].items()],
    )  # fmt: skip


def _findings(headline: Figures) -> Iterator[str]:
    for label, sides in headline.items():
        texts = [f"the {side} {_span(sides[side])}" for side in SIDES if side in sides]
        yield f"On AWS, median and p99 in ms, to {label}: {', '.join(texts)}."


def _lags(freshness: Figures) -> Iterator[str]:
    late = [f"{words(kind)} {_span(sides['microservices'])}" for kind, sides in freshness.items()]
    if late:
        yield f"On AWS, the microservices show effects after, median and p99 in ms: {', '.join(late)}."


def _span(one: Figures) -> str:
    return f"{milliseconds(one['p50_ms'])} ({milliseconds(one['p99_ms'])})"


def _operations(figures: Figures) -> Iterator[Figures]:
    for name, sides in figures["operations"].items():
        points = {f"{side} {point} ms": one[f"{point}_ms"] for side, one in sides.items() for point in POINTS}
        yield {"operation": name, **points, "microservices cold p50 ms": sides["microservices"]["cold_p50_ms"]}


def _medians(figures: Figures) -> Iterator[Figures]:
    """Yield the median of each operation and side with its parts."""
    for name, sides in figures["operations"].items():
        for side in filter(sides.get, SIDES):
            yield {"operation": name, "side": side, "p50_ms": sides[side]["p50_ms"], **sides[side]["p50_parts"]}


def _freshness(figures: Figures) -> Iterator[Figures]:
    for kind, sides in figures["freshness"].items():
        yield from ({"label": words(kind), "side": side, **sides[side]} for side in SIDES)


def _charts(figures: Figures) -> Iterator[Chart]:
    """Yield the median of each operation on each side, in parts."""
    records, figure = list(_medians(figures)), go.Figure()
    places = [f"{one['operation']} · {one['side']}" for one in records]
    for part, colour in COLOURS.items():
        own = [(place, one[part]) for place, one in zip(places, records, strict=True) if part in one]
        figure.add_bar(
            y=[place for place, _ in own], x=[ms for _, ms in own], name=part, orientation="h", marker_color=colour,
            hovertemplate="%{x:.1f} ms",
        )  # fmt: skip
    figure.update_layout(barmode="stack", height=AROUND_PX + BAR_PX * len(places), bargap=0.2)
    figure.update_yaxes(categoryorder="array", categoryarray=places[::-1])
    figure.update_xaxes(title_text="median, ms", rangemode="tozero")
    yield Chart("latency-on-aws", "Medians on AWS in parts", apply_style(figure), table_of(records, PART_COLUMNS))
