"""The charts of cold starts: what each is made of, and what a warm call takes and is billed for by memory."""

from collections.abc import Iterator
from typing import Any

import plotly.graph_objects as go

from loadtests.report.charts import dressed, stacked
from loadtests.report.parts import Chart, table

MONOLITH = "monolith"
PARTS = {  # what a bar is made of → its colour, seen on light and on dark
    "start of Python": "#7a828b", "standard library": "#a8831a", "boto3": "#d9730d", "powertools": "#c0453a",
    "other libraries": "#9b5fc0", "domain": "#2f9e6e", "own code": "#4fb3a5", "clients, or pool and workers": "#3b82c4",
    "rest of the first answer": "#5b6fd6",
}  # fmt: skip
SIZES = ("#3b82c4", "#4fb3a5", "#2f9e6e", "#a8831a", "#d9730d", "#c0453a")
TICKS = [float(f"{digit}e{power}") for power in range(-5, 5) for digit in (1, 3)]
SWEEP_HEAD = ("function", "MB", "processor", "cold ms", "warm ms", "modelled warm ms", "cold GB-s", "warm GB-s")
Figures = dict[str, Any]
Rows = Iterator[tuple[str, ...]]


def cold_start_charts(found: Figures) -> Iterator[Chart]:
    """Yield the charts that a chapter has figures for."""
    yield _stack(found)
    if any(one["sweep"] for one in found["functions"].values()):
        yield _by_size(found, "warm_ms", "memory-time", "A warm call by memory, ms")
        yield _by_size(found, "warm_gb_s", "memory-gb-seconds", "A warm call by memory, GB-seconds")


def _stack(found: Figures) -> Chart:
    bars = {name: _parts(one["cold"]) for name, one in found["functions"].items()}
    if found["monolith"]:
        bars[MONOLITH] = _parts(found["monolith"]["cold"])
    figure = go.Figure()
    for number, (part, colour) in enumerate(PARTS.items()):
        figure.add_bar(
            y=list(bars), x=[parts[number] for parts in bars.values()], name=part, orientation="h", marker_color=colour,
            hovertemplate="%{x:.0f} ms",
        )  # fmt: skip
    stacked(figure, list(bars))
    figure.update_xaxes(title_text="ms until the first call is done")
    rows = [(name, *(f"{ms:.1f}" for ms in parts), f"{sum(parts):.1f}") for name, parts in bars.items()]
    heads = ("function", *(f"{part}, ms" for part in PARTS), "sum, ms")
    return Chart("cold-starts", "What a cold start is made of", dressed(figure), table(heads, rows))


def _parts(cold: Figures) -> list[float]:
    groups = cold["imports_ms"]
    imported = [groups[part] for part in PARTS if part in groups]
    made = cold.get("clients_ms", cold.get("prepared_ms", 0.0))
    return [cold["start_ms"], *imported, made, cold["rest_of_first_ms"]]


def _by_size(found: Figures, which: str, name: str, title: str) -> Chart:
    figure = go.Figure()
    swept = {function: [row for row in one["sweep"] if which in row] for function, one in found["functions"].items()}
    sizes = sorted({row["memory_mb"] for rows in swept.values() for row in rows})
    for size, colour in zip(sizes, SIZES, strict=False):
        dots = [(function, row[which]) for function, rows in swept.items() for row in rows if row["memory_mb"] == size]
        figure.add_scatter(
            y=[function for function, _ in dots], x=[value for _, value in dots], mode="markers", name=f"{size:,} MB",
            marker={"color": colour, "size": 9, "symbol": "circle"}, hovertemplate="%{x:.3g}",
        )  # fmt: skip
    stacked(figure, list(swept))
    figure.update_xaxes(type="log", title_text=title.rpartition(", ")[2], tickvals=TICKS, tickformat="~g")
    return Chart(name, title, dressed(figure), table(SWEEP_HEAD, _sizes(found)))


def _sizes(found: Figures) -> Rows:
    keys = ("cold_ms", "warm_ms", "modelled_warm_ms", "cold_gb_s", "warm_gb_s")
    for name, one in found["functions"].items():
        for row in one["sweep"]:
            absent = "–" if row["fits"] else "too small"
            timed = (f"{row[key]:.4g}" if key in row else absent for key in keys)
            yield name, str(row["memory_mb"]), f"{row['share']:.3f}", *timed
