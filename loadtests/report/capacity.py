"""The capacity of each side at a service level, as a chapter of the report."""

from collections.abc import Iterator
from typing import Any

import plotly.graph_objects as go

from loadtests.blocks import SIDES
from loadtests.report.charts import COLOURS, DASHES, MS_TICKS, SYMBOLS, dressed
from loadtests.report.parts import Chapter, Chart, Row, Section, Sentence, table
from loadtests.report.tables import milliseconds

KNEE_HEAD = ("scenario", "side", "carries/s", "99 % interval", "the search ended", "origin")
RATIO_HEAD = ("scenario", "microservices over monolith", "99 % interval", "carries more", "origin")
USED_HEAD = ("scenario", "side", "at/s", "what", "in use")
TIMES_HEAD = ("side", "offered /s", "p50 ms", "p95 ms", "p99 ms", "level")
SHARES_HEAD = ("side", "offered /s", "right /s", "errors %", "refused %", "dropped %")
RATE_TICKS = [digit * 10**power for power in range(4) for digit in (1, 2, 5)]
Figures = dict[str, Any]


def _answer(found: Figures) -> list[Sentence]:
    """Return who carries how much in each scenario; of a single one, what was used up too."""
    sentences = [_carried(name, sides, found["slo"]) for name, sides in found["scenarios"].items()]
    if len(sentences) == 1:
        sentences += [
            Sentence(f"The {side}: {one['saturated']}", one["origin"]) for _, side, one in _each(found)
        ]  # fmt: skip
    return sentences


def _carried(name: str, sides: Figures, slo: str) -> Sentence:
    verbs = dict(zip(SIDES, ("carries", "carry"), strict=True))
    parts = [f"the {side} {verbs[side]} {_knee(one)} ({_interval(one)})" for side, one in _of_sides(sides)]
    words, origins = (
        f"{name}, within {slo}: {', '.join(parts)} requests a second",
        {one["origin"] for _, one in _of_sides(sides)},
    )
    if ratio := sides.get("ratio"):
        said = (
            f"the {ratio['verdict']} carries more"
            if ratio["verdict"] in SIDES
            else f"who carries more is {ratio['verdict']}"
        )
        words += f"; the microservices {_bounded(ratio, 'ratio')} times what the monolith does, so {said}"
    return Sentence(f"{words}.", "emulated" if "emulated" in origins else "measured")


def _section(found: Figures) -> Section:
    return Section(
        name="capacity",
        title=f"Capacity at {found['slo']}",
        words="The open rate is raised until the level breaks, then narrowed down to the rate between. The knee is where the "
        "line through the probes crosses the level. Filled: the 95th percentile; hollow: the median; line without marks: the "
        "99th; dotted: the limit. What the generator could not offer is not counted against a system: it says at least.",
        tables=[
            table(KNEE_HEAD, _knees(found)),
            *([table(RATIO_HEAD, rows)] if (rows := list(_ratios(found))) else []),
            *([table(USED_HEAD, rows)] if (rows := list(_used(found))) else []),
        ],
        remarks=[f"{name}, {side}: {one['saturated']}" for name, side, one in _each(found)],
    )


def _charts(found: Figures) -> Iterator[Chart]:
    for name, sides in found["scenarios"].items():
        yield from _curves(name, sides, found["slo"])


def _knees(found: Figures) -> Iterator[Row]:
    for name, side, one in _each(found):
        yield name, side, _knee(one), _interval(one), one["ended"], one["origin"]


def _ratios(found: Figures) -> Iterator[Row]:
    for name, sides in found["scenarios"].items():
        if ratio := sides.get("ratio"):
            interval = f"{ratio['low']:.2f} – {ratio['high']:.2f}"
            yield name, _bounded(ratio, "ratio"), interval, ratio["verdict"], ratio["origin"]


def _used(found: Figures) -> Iterator[Row]:
    """Yield what was in use at the rate that broke the level, as far as it was seen."""
    for name, side, one in _each(found):
        if seen := one["evidence"]:
            for what, words in _parts(seen):
                yield name, side, f"{seen['rate']:.0f}", what, words


def _parts(seen: Figures) -> Iterator[tuple[str, str]]:
    yield "machine", f"{100 * seen['machine']:.0f} % of all cores"
    for group, cores in seen["cores"].items():
        yield group, f"{cores:.2f} cores, busiest process {seen['busiest'][group]:.2f}"
    if seen["connections_all_busy"] is not None:
        busy, waiting = f"{100 * seen['connections_all_busy']:.0f} %", f"{seen['waiting_for_locks']:.1f}"
        yield "database connections", f"all busy at {busy} of the looks, {waiting} wait for a lock"
    yield "refused with 429 or 503", f"{100 * seen['throttled']:.1f} %, with {seen['at_once']} at once"
    if floor := seen.get("gateway_floor"):
        held = "keeps the level" if floor["held"] else "does not keep the level"
        yield "empty function", f"p95 {milliseconds(floor['p95_ms'])} ms, {held}"


def _curves(name: str, sides: Figures, slo: str) -> Iterator[Chart]:
    """Yield latency and goodput against the rate that was offered; void probes only in the tables."""
    latency, goodput = go.Figure(), go.Figure()
    for side, one in _of_sides(sides):
        points = [point for point in one["curve"] if point["outcome"] != "void"]
        rates = [point["rate"] for point in points]
        for which, hollow in (("p95_ms", ""), ("p50_ms", "-open")):
            _drawn(latency, rates, [point[which] for point in points], f"{side} {which[:3]}", side, hollow=hollow)
        latency.add_scatter(
            x=rates, y=[point["p99_ms"] for point in points], mode="lines", name=f"{side} p99", hovertemplate="%{y:.1f} ms",
            line={"color": COLOURS[side], "width": 1, "dash": DASHES[side]},
        )  # fmt: skip
        _drawn(goodput, rates, [point["goodput"] for point in points], side, side)
    for limit in _limits(slo):
        latency.add_hline(y=limit, line={"dash": "dot", "width": 2, "color": "#7a828b"})
    latency.update_yaxes(type="log", tickvals=MS_TICKS, title_text="ms")
    goodput.update_yaxes(title_text="right answers a second", rangemode="tozero")
    for which, figure, head, row in (
        ("latency", latency, TIMES_HEAD, _times),
        ("goodput", goodput, SHARES_HEAD, _shares),
    ):
        figure.update_xaxes(type="log", tickvals=RATE_TICKS, title_text="requests offered a second")
        rows = [row(side, point) for side, one in _of_sides(sides) for point in one["curve"]]
        yield Chart(f"{name}-capacity-{which}", f"{name}: {which} against rate", dressed(figure), table(head, rows))


def _drawn(
    figure: go.Figure, rates: list[float], values: list[float], name: str, side: str, *, hollow: str = ""
) -> None:
    figure.add_scatter(
        x=rates, y=values, mode="lines+markers", name=name, hovertemplate="%{y:.1f}",
        line={"color": COLOURS[side], "width": 2, "dash": DASHES[side]},
        marker={"color": COLOURS[side], "symbol": SYMBOLS[side] + hollow, "size": 8},
    )  # fmt: skip


def _times(side: str, point: Figures) -> Row:
    times = (milliseconds(point[key]) for key in ("p50_ms", "p95_ms", "p99_ms"))
    return side, f"{point['rate']:g}", *times, f"{point['outcome']} ({point['probes']})"


def _shares(side: str, point: Figures) -> Row:
    shares = (f"{point[f'{kind}_percent']:.2f}" for kind in ("errors", "refused", "dropped"))
    return side, f"{point['rate']:g}", f"{point['goodput']:g}", *shares


def _limits(slo: str) -> list[float]:
    """Return the times, in milliseconds, that a service level names."""
    words = [word.partition("<")[2] for word in slo.split(",") if word.startswith("p")]
    return [float(word[:-2]) if word.endswith("ms") else 1000 * float(word[:-1]) for word in words]


def _each(found: Figures) -> Iterator[tuple[str, str, Figures]]:
    return ((name, side, one) for name, sides in found["scenarios"].items() for side, one in _of_sides(sides))


def _of_sides(sides: Figures) -> list[tuple[str, Figures]]:
    return [(side, sides[side]) for side in SIDES if side in sides]


def _knee(one: Figures) -> str:
    return "unknown" if one["knee"] is None else f"{one['bound']} {one['knee']:.0f}".strip()


def _interval(one: Figures) -> str:
    return f"from {one['low']:.0f}" if one["high"] is None else f"{one['low']:.0f} – {one['high']:.0f}"


def _bounded(ratio: Figures, key: str) -> str:
    return f"{ratio['bound']} {ratio[key]:.2f}".strip()


CHAPTER = Chapter(
    name="capacity",
    question="How many requests a second does each side carry before its service level breaks?",
    answer=_answer,
    section=_section,
    charts=_charts,
)
