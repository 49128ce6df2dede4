"""The chapter of `coldstarts`: the parts of each function's cold start beside a warm call, and its package."""

from collections.abc import Iterator
from statistics import median
from typing import Any

import plotly.graph_objects as go

from loadtests.report.charts import Chart, stack, styled
from loadtests.report.tables import Chapter, Finding, Row, Table, milliseconds, percent, span

MONOLITH = "monolith"
PARTS = {"start": "#7a828b", "imports": "#a8831a", "clients": "#3b82c4", "rest of the first request": "#5b6fd6"}
Figures = dict[str, Any]


def chapter(figures: Figures) -> Chapter:
    """Return the chapter: one table of functions, and a chart of their parts."""
    return Chapter(
        name="cold-starts",
        title="Cold starts",
        question="What does the first call of a function cost, compared with the next ones?",
        intro="Each trial starts the function's process anew and then calls it again while it is warm. Times are medians, measured "
        "inside the process with a whole processor of this machine: without the gateway and the download of the package.",
        findings=list(_findings(figures)),
        tables=[
            Table(
                columns=(
                    "function", "cold ms", "import ms", "clients ms", "first request ms", "warm ms", "package kB", "zip kB",
                    "origin",
                ),
                rows=list(_rows(figures)),
                terminal=("function", "cold ms", "import ms", "clients ms", "first request ms", "warm ms", "zip kB"),
            )
        ],
        charts=lambda: _chart(figures),
    )  # fmt: skip


def _findings(figures: Figures) -> Iterator[Finding]:
    if functions := figures["functions"].values():
        cold = [one["cold"]["total_ms"]["median"] for one in functions]
        warm = [one["warm"]["call_ms"]["median"] for one in functions]
        imports = median(
            sum(one["cold"]["imports_ms"].values()) / one["cold"]["total_ms"]["median"] for one in functions
        )
        yield Finding(
            f"A cold function finishes its first call after {span(cold)} ms, a warm one after {span(warm)} ms; {percent(imports)} "
            "of a cold start is importing (medians).",
            figures["origin"],
        )  # fmt: skip
    if one := figures["monolith"]:
        cold_ms, warm_ms = one["cold"]["total_ms"]["median"], one["warm"]["waited_ms"]["median"]
        yield Finding(
            f"The monolith answers first {milliseconds(cold_ms)} ms after its start, then in {milliseconds(warm_ms)} ms: it starts "
            "once at a deployment, not when a request arrives.",
            one["origin"],
        )


def _rows(figures: Figures) -> Iterator[Row]:
    for name, one in figures["functions"].items():
        package = one["package"]
        sizes = (f"{package[which] / 1000:,.0f}" for which in ("bytes", "zip_bytes"))
        yield name, *_times(one["cold"], one["warm"]["call_ms"]), *sizes, figures["origin"]
    if one := figures["monolith"]:
        yield MONOLITH, *_times(one["cold"], one["warm"]["waited_ms"]), "–", "–", one["origin"]


def _times(cold: Figures, warm: Figures) -> tuple[str, ...]:
    _, imports, clients, rest = _parts(cold)
    return tuple(milliseconds(ms) for ms in (cold["total_ms"]["median"], imports, clients, rest, warm["median"]))


def _parts(cold: Figures) -> list[float]:
    """Return the milliseconds of each of PARTS."""
    clients = cold.get("clients_ms", cold.get("prepared_ms", 0.0))
    return [cold["start_ms"], sum(cold["imports_ms"].values()), clients, cold["rest_of_first_ms"]]


def _chart(figures: Figures) -> Iterator[Chart]:
    bars = {name: _parts(one["cold"]) for name, one in figures["functions"].items()}
    if figures["monolith"]:
        bars[MONOLITH] = _parts(figures["monolith"]["cold"])
    figure = go.Figure()
    for number, (part, colour) in enumerate(PARTS.items()):
        figure.add_bar(
            y=list(bars), x=[parts[number] for parts in bars.values()], name=part, orientation="h", marker_color=colour,
            hovertemplate="%{x:.0f} ms",
        )  # fmt: skip
    stack(figure, list(bars))
    figure.update_xaxes(title_text="ms until the first response")
    rows = [(name, *(f"{ms:.1f}" for ms in parts), f"{sum(parts):.1f}") for name, parts in bars.items()]
    data = Table(columns=("function", *(f"{part}, ms" for part in PARTS), "sum, ms"), rows=rows)
    yield Chart("cold-starts", "Parts of a cold start", styled(figure), data)
