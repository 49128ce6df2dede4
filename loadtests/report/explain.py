"""The chapter of `explain`: the parts of each journey's time, and its call traces as waterfalls."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import plotly.graph_objects as go

from loadtests.explain.breakdown import GATEWAY, JSON, PARTS
from loadtests.report.charts import Chart, styled
from loadtests.report.tables import Chapter, Finding, Row, Table, milliseconds, percent
from loadtests.results import SIDES

COLOURS = ("#7a828b", "#3f7f9f", "#4f6bd0", "#a04f8f", "#2e8b6f", "#8a8a1f", "#a8631a", "#c0453a")  # of PARTS, in order
ROOT_KINDS = ("request", "function", "background", "cold start")
ROW_PX, AROUND_PX = 19, 50
EM_SPACE = "\u2003"
Figures = dict[str, Any]
Calls = Sequence[Figures]


class Bar(NamedTuple):
    """A bar of a waterfall. at_ms: its begin. hover: further text."""

    part: str
    label: str
    at_ms: float
    ms: float
    hover: str


def chapter(figures: Figures) -> Chapter:
    """Return the chapter: parts, counts and cold starts as tables, traces as charts."""
    return Chapter(
        name="explain",
        title="Why: the parts of the time",
        question="What is the time of each journey made of, on either side?",
        intro="Each journey ran once on each side, warm and alone. The self time of a span is its time without the spans below it; "
        "the time around the spans of a call is a part of its own. So the parts add up to the time that the client measured. Work "
        "after the response delays nobody and is shown apart. Tracing costs some time: compare parts, not with other chapters. The "
        "gateway caches the authorizer for 60 s, so a warm call does not run it.",
        findings=[Finding(text, figures["origin"]) for text in (_total(figures), _largest(figures), _later(figures))],
        tables=[_parts_table(figures), _counts_table(figures), *_cold_table(figures)],
        charts=lambda: _charts(figures["journeys"]),
    )


def _total(figures: Figures) -> str:
    monolith, microservices = (sum(_ms(sides[side]) for sides in figures["journeys"].values()) for side in SIDES)
    return (
        f"Alone and warm, {_number(len(figures['journeys']), 'journey')} took {milliseconds(monolith)} ms on the monolith and "
        f"{milliseconds(microservices)} ms on the microservices."
    )


def _largest(figures: Figures) -> str:
    parts = {
        side: sum((_part_totals(sides[side]) for sides in figures["journeys"].values()), Counter()) for side in SIDES
    }
    differences = {name: parts[SIDES[1]][name] - parts[SIDES[0]][name] for name in PARTS}
    total = sum(differences.values()) or 1
    largest = sorted(differences.items(), key=lambda one: -abs(one[1]))[:3]
    return f"Of the difference, {', '.join(f'{percent(ms / total)} is {PARTS[name]}' for name, ms in largest)}."


def _later(figures: Figures) -> str:
    sentences = []
    for side in SIDES:
        calls = [call["afterwards"] for sides in figures["journeys"].values() for call in sides[side]]
        later = [call for call in calls if call["spans"]]
        store_calls = int(sum(call["counts"]["store_calls"] for call in later))
        last = max((call["ms"] for call in later), default=0.0)
        sentences.append(
            f"on the {side} {len(later)} of {len(calls)} responses left {_number(store_calls, 'store call')} for later, done "
            f"after {milliseconds(last)} ms"
        )
    text = "; ".join(sentences)
    return f"{text[0].upper()}{text[1:]}."


def _parts_table(figures: Figures) -> Table:
    rows = [row for name, sides in figures["journeys"].items() for row in _parts_rows(name, sides)]
    columns = ("journey", "part", *(f"{side}, ms" for side in SIDES), "difference, ms", "of the difference")
    return Table(columns=columns, rows=rows)


def _parts_rows(name: str, sides: dict[str, Calls]) -> Iterator[Row]:
    first, second = (_part_totals(sides[side]) for side in SIDES)
    total, times = sum(second.values()) - sum(first.values()), [_ms(sides[side]) for side in SIDES]
    yield name, "all", *map(milliseconds, times), f"{times[1] - times[0]:+.1f}", ""
    for part, label in PARTS.items():
        if part in first or part in second:
            change = second[part] - first[part]
            share = percent(change / total) if total else "–"
            yield "", label, milliseconds(first[part]), milliseconds(second[part]), f"{change:+.1f}", share


def _counts_table(figures: Figures) -> Table:
    rows = [
        _counts_row(name, side, sides[side], figures["origins"][side])
        for name, sides in figures["journeys"].items()
        for side in SIDES
    ]
    columns = (
        "journey", "side", "calls", "functions", "store calls", "units", "rows", "store kB", "JSON documents", "JSON kB",
        "later: functions", "store calls", "done after, ms", "origin",
    )  # fmt: skip
    return Table(columns=columns, rows=rows)


def _counts_row(name: str, side: str, calls: Calls, origin: str) -> Row:
    now, later = (
        _sum(each) for each in ((one["counts"] for one in calls), (one["afterwards"]["counts"] for one in calls))
    )
    done_ms = max((call["afterwards"]["ms"] for call in calls), default=0.0)
    return (
        name, side, str(len(calls)), *(f"{now[key]:g}" for key in ("functions", "store_calls", "units", "rows")),
        f"{now['store_bytes'] / 1000:.1f}", f"{now['serialisations']:g}", f"{now['json_bytes'] / 1000:.1f}",
        *(f"{later[key]:g}" for key in ("functions", "store_calls")), milliseconds(done_ms), origin,
    )  # fmt: skip


def _cold_table(figures: Figures) -> Iterator[Table]:
    if starts := figures["cold_starts"]:
        rows = [
            (one["function"], milliseconds(one["ms"]), one["woken_by"], "yes" if one["waited_for"] else "no") for one in starts
        ]  # fmt: skip
        columns = ("function", "import, ms", "event source", "a request waited")
        yield Table(title="Cold starts", columns=columns, rows=rows, origin=figures["origins"][SIDES[1]])


def _charts(journeys: dict[str, dict[str, Calls]]) -> Iterator[Chart]:
    """Yield the waterfalls of both sides of each journey, then the work after the responses."""
    for name, sides in journeys.items():
        for side in SIDES:
            yield _waterfall(f"{name}-{side}", f"{name}: {side}", *_call_bars(sides[side]))
    for name, sides in journeys.items():
        works = [(side, call, span) for side in SIDES for call in sides[side] for span in call["afterwards"]["spans"]]
        bars = [
            _bar(span, 0.0, of=f"{side}, {call['operation']}")
            for side, call, span in works
            if span["kind"] in ROOT_KINDS
        ]
        if bars:
            yield _waterfall(
                f"{name}-afterwards", f"{name}: afterwards", bars, [_span_row(one, 0.0) for _, _, one in works]
            )


def _call_bars(calls: Calls) -> tuple[list[Bar], list[Row]]:
    """Return bars and rows of the calls of a journey, one after the other. Serialising has rows and no bars."""
    bars, rows, begin = list[Bar](), list[Row](), 0.0
    for call in calls:
        bars.append(Bar(GATEWAY, call["operation"], begin, call["ms"], PARTS[GATEWAY]))
        times = (f"{begin:.2f}", f"{call['ms']:.2f}", f"{call['parts'].get(GATEWAY, 0.0):.2f}")
        sizes = (f"{call['counts'][way]:g}" for way in ("bytes_out", "bytes_in"))
        rows.append((call["operation"], "client", *times, *sizes, "", "", ""))
        rows += [_span_row(span, begin) for span in call["spans"]]
        bars += [_bar(span, begin) for span in call["spans"] if span["part"] != JSON]
        begin += call["ms"]
    return bars, rows


def _bar(span: Figures, begin: float, of: str = "") -> Bar:
    hover = ", ".join(filter(None, (of, span["lines"][0] if span["lines"] else "")))
    return Bar(span["part"], _label(span), begin + span["at_ms"], span["ms"], hover)


def _label(span: Figures) -> str:
    """Return the service of a root span, with its event source unless that is a request; of a store call, the operation."""
    if span["kind"] not in ROOT_KINDS:
        return str(span["name"]).removeprefix("dynamodb ")
    start = "start of " if span["kind"] == "cold start" else ""
    source = "" if "/" in span["name"] or span["name"] == "authorizer" else f" ← {span['name']}"
    return f"{start}{span['service']}{source}"


def _span_row(span: Figures, begin: float) -> Row:
    counts = span["counts"]
    numbers = [f"{counts[name]:g}" if name in counts else "" for name in ("bytes_out", "bytes_in", "units", "rows")]
    if "bytes" in counts:
        numbers[0] = f"{counts['bytes']:g}"
    times = (f"{begin + span['at_ms']:.2f}", f"{span['ms']:.2f}", f"{span['self_ms']:.2f}")
    return (
        EM_SPACE * (span["depth"] + 1) + span["name"],
        span["service"],
        *times,
        *numbers,
        " ← ".join(span["lines"][:2]),
    )


def _waterfall(name: str, title: str, bars: Sequence[Bar], rows: Sequence[Row]) -> Chart:
    figure = go.Figure()
    for part, colour in zip(PARTS, COLOURS, strict=True):
        if own := [(place, bar) for place, bar in enumerate(bars) if bar.part == part]:
            figure.add_bar(
                y=[place for place, _ in own], base=[bar.at_ms for _, bar in own], x=[bar.ms for _, bar in own],
                name=PARTS[part], orientation="h", marker_color=colour, customdata=[bar.hover for _, bar in own], width=0.8,
                hovertemplate="%{x:.2f} ms<br>%{customdata}",
            )  # fmt: skip
    figure.update_layout(barmode="overlay", height=AROUND_PX + ROW_PX * len(bars))
    figure.update_yaxes(tickvals=list(range(len(bars))), ticktext=[bar.label for bar in bars], autorange="reversed")
    figure.update_xaxes(title_text="ms", rangemode="tozero")
    columns = ("span", "service", "at, ms", "took, ms", "self, ms", "bytes out", "bytes in", "units", "rows", "line")
    return Chart(f"explain-{name}", title, styled(figure), Table(columns=columns, rows=rows))


def _part_totals(calls: Calls) -> Counter[str]:
    """Return the milliseconds of each part of all the calls."""
    return _sum(call["parts"] for call in calls)


def _sum(counts: Iterable[dict[str, float]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return total


def _ms(calls: Calls) -> float:
    return float(sum(call["ms"] for call in calls))


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
