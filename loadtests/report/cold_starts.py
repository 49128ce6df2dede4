"""The chapter of `coldstarts`: what a function's first invocation costs, and a chart of its parts."""

from collections.abc import Iterator
from statistics import median
from typing import Any

import plotly.graph_objects as go

from loadtests.report.charts import Chart, stack, styled
from loadtests.report.tables import Chapter, Finding, Row, Table, milliseconds, percent, span

MONOLITH = "monolith"
PARTS = {
    "import": ("import_ms", "#a8831a"),
    "clients": ("client_ms", "#3b82c4"),
    "first request": ("first_ms", "#5b6fd6"),
}
Figures = dict[str, Any]


def chapter(figures: Figures) -> Chapter:
    """Return the chapter: one table of functions, and a chart of their parts."""
    return Chapter(
        name="cold-starts",
        title="Cold starts",
        question="What does the first invocation of a function cost, compared with the next ones?",
        intro="Each round starts every function anew. Times are medians, measured in the function's process with a whole processor "
        "of this machine: without the gateway, the start of Python and the download of the package. Warm invocations are later "
        "ones of the same route or event source. Clients are those of AWS that the module makes at import.",
        findings=list(_findings(figures)),
        tables=[
            Table(
                columns=(
                    "function", "import ms", "client ms", "first request ms", "warm ms", "package MB", "origin",
                ),
                rows=[_row(name, one, figures["origin"]) for name, one in _all(figures).items()],
                terminal=("function", "import ms", "client ms", "first request ms", "warm ms", "package MB"),
            )
        ],
        charts=lambda: _chart(figures),
    )  # fmt: skip


def _findings(figures: Figures) -> Iterator[Finding]:
    if reached := [one for one in figures["functions"].values() if one["first_ms"] and one["warm_ms"]]:
        cold, warm = [sum(_parts(one)) for one in reached], [one["warm_ms"] for one in reached]
        imports = median(one["import_ms"] / total for one, total in zip(reached, cold, strict=True))
        yield Finding(
            f"A cold function needs {span(cold)} ms until its first answer, a warm one {span(warm)} ms; {percent(imports)} of a "
            "cold start is importing (median).",
            figures["origin"],
        )
    if one := figures["monolith"]:
        yield Finding(
            f"The monolith imports its code in {milliseconds(one['import_ms'])} ms, once at a deployment and not when a request "
            f"arrives. Its first request then takes {milliseconds(one['first_ms'])} ms, the next ones "
            f"{milliseconds(one['warm_ms'])} ms.",
            "measured",
        )


def _all(figures: Figures) -> dict[str, Figures]:
    return {**figures["functions"], **({MONOLITH: figures["monolith"]} if figures["monolith"] else {})}


def _row(name: str, one: Figures, origin: str) -> Row:
    times = (one["import_ms"], one["client_ms"], one["first_ms"], one["warm_ms"])
    package = "–" if one["package_mb"] is None else f"{one['package_mb']:.2f}"
    shown = ("–" if ms is None else milliseconds(ms) for ms in times)
    return name, *shown, package, "measured" if name == MONOLITH else origin


def _parts(one: Figures) -> list[float]:
    return [one[key] or 0.0 for key, _ in PARTS.values()]


def _chart(figures: Figures) -> Iterator[Chart]:
    bars = {name: _parts(one) for name, one in _all(figures).items()}
    figure = go.Figure()
    for number, (part, (_, colour)) in enumerate(PARTS.items()):
        figure.add_bar(
            y=list(bars), x=[parts[number] for parts in bars.values()], name=part, orientation="h", marker_color=colour,
            hovertemplate="%{x:.0f} ms",
        )  # fmt: skip
    stack(figure, list(bars))
    figure.update_xaxes(title_text="ms until the first answer")
    rows = [(name, *(f"{ms:.1f}" for ms in parts), f"{sum(parts):.1f}") for name, parts in bars.items()]
    data = Table(columns=("function", *(f"{part}, ms" for part in PARTS), "sum, ms"), rows=rows)
    yield Chart("cold-starts", "Parts of a cold start", styled(figure), data)
