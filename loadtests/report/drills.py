"""The chapter of `drill`: what each fault did to the users of each side, as tables and as strips over time."""

from collections.abc import Iterable, Iterator, Sequence
from math import ceil
from typing import Any

import plotly.graph_objects as go

from loadtests.drill.timeline import KINDS, total
from loadtests.report.charts import COLOURS, apply_style
from loadtests.report.tables import Chapter, Chart, Column, Finding, Table, number, table_of

COLUMNS = (
    Column("fault"), Column("side"), Column("requests", "bad"), Column("served again, s", "served_again_s", number),
    Column("caught up, s", "caught_up_s", number), Column("lost or doubled", "wrong"), Column("by hand"), Column("origin"),
)  # fmt: skip
STRIP_COLUMNS = (
    Column("fault"),
    Column("side"),
    Column("feature"),
    Column("requests", "bad"),
    Column("second by second", "strip"),
)
SECOND_COLUMNS = (
    Column("side"), Column("feature"), Column("at, s", "at_s", number), *(Column(kind, form=number) for kind in KINDS),
)  # fmt: skip
SHADES = ((0, "#b9c4cf"), (1 / 3, "#e3cf7a"), (2 / 3, "#dd8a1f"), (1, "#a3271f"))  # if all requests end as one of KINDS
MARKS = "·srX"  # of KINDS, in strips of text
NONE = "-"  # a second without requests
MOST_MARKS = 40
ROW_PX, AROUND_PX = 16, 110
NOTHING = "nothing"
Figures = dict[str, Any]
Seconds = Sequence[list[int]]


def chapter(figures: Figures) -> Chapter:
    """Return the chapter: a row for each drill, a strip for each feature that suffered, and what was done."""
    drills = list(_drills(figures))
    return Chapter(
        name="drills",
        names={"rate": number(figures["rate"]), "mix": figures["mix"]},
        findings=[_finding(side, drills, origin) for side, origin in figures["origins"].items()],
        tables=[table_of(map(_row, drills), COLUMNS), _strips(drills), _abouts(figures)],
        charts=lambda: (_chart(fault, own) for fault in figures["drills"] if (own := _of(fault, drills))),
    )


def _drills(figures: Figures) -> Iterator[Figures]:
    """Yield the drills that were run, each with its fault, side and origin."""
    for fault, sides in figures["drills"].items():
        for side, one in sides.items():
            if not one["reason"]:
                yield {"fault": fault, "side": side, "origin": figures["origins"][side], **one}


def _of(fault: str, drills: Sequence[Figures]) -> list[Figures]:
    return [one for one in drills if one["fault"] == fault]


def _finding(side: str, drills: Sequence[Figures], origin: str) -> Finding:
    own = [one for one in drills if one["side"] == side]
    wrong = sum(sum(one["lost_or_doubled"].values()) for one in own)
    never = [one["fault"] for one in own if one["caught_up_s"] is None]
    slowest = max((one["caught_up_s"] or 0.0 for one in own), default=0.0)
    recovered = f"no recovery from {', '.join(never)}" if never else f"recovered within {slowest:g} s"
    text = f"Of {len(own)} faults on the {side}: {wrong} effects lost or doubled, {recovered}."
    return Finding(text, origin)


def _row(drill: Figures) -> Figures:
    wrong = {kind: count for kind, count in drill["lost_or_doubled"].items() if count}
    return {
        **drill, "bad": _bad(second for seconds in _since(drill).values() for second in seconds),
        "by hand": "; ".join(drill["by_hand"]) or NOTHING,
        "wrong": ", ".join(f"{count} {kind}" for kind, count in wrong.items()) or "0",
    }  # fmt: skip


def _since(drill: Figures) -> dict[str, Seconds]:
    """Return the seconds from the injection on, by feature."""
    begin = max(0, int(drill["injected_s"][0]))
    return {feature: seconds[begin:] for feature, seconds in drill["features"].items()}


def _bad(seconds: Iterable[list[int]]) -> str:
    """Return how many requests did not succeed at once, such as 2 slow, 1 failed of 40."""
    counts = total(seconds)
    bad = [f"{count} {kind}" for count, kind in zip(counts, KINDS, strict=True) if count and kind != KINDS[0]]
    return f"{', '.join(bad) or '0'} of {sum(counts)}"


def _strips(drills: Sequence[Figures]) -> Table:
    """Return the features that suffered, with a mark for each second."""
    records = [
        {**one, "feature": feature, "bad": _bad(seconds), "strip": _strip(one["features"][feature])}
        for one in drills
        for feature, seconds in _since(one).items()
        if any(total(seconds)[1:])
    ]
    marks = {**dict(zip(MARKS, KINDS, strict=True)), NONE: "no request"}
    title = f"Each second of the load: {', '.join(f'{mark} {kind}' for mark, kind in marks.items())}"
    return table_of(records, STRIP_COLUMNS, title=title)


def _strip(seconds: Seconds) -> str:
    """Return at most MOST_MARKS marks. Each stands for the worst outcome of its seconds."""
    step = ceil(len(seconds) / MOST_MARKS)
    steps = [total(seconds[at : at + step]) for at in range(0, len(seconds), step)]
    return "".join(
        next((mark for mark, count in zip(MARKS[::-1], counts[::-1], strict=True) if count), NONE) for counts in steps
    )


def _abouts(figures: Figures) -> Table:
    """Return what was done on each side and the answers to the audit's own writes, or why nothing was done."""
    rows = [
        (
            fault,
            side,
            one["about"],
            one["ends"],
            ", ".join(f"{count} × {answer}" for answer, count in one["answers"].items()),
        )
        if not one["reason"]
        else (fault, side, f"Not run: {one['reason']}.", "", "")
        for fault, sides in figures["drills"].items()
        for side, one in sides.items()
    ]
    return Table(columns=("fault", "side", "what was done", "how it ends", "answers to the audit's writes"), rows=rows)


def _chart(fault: str, drills: Sequence[Figures]) -> Chart:
    """Return a strip for each feature and side."""
    figure = go.Figure()
    strips = [(f"{feature} · {one['side']}", seconds) for one in drills for feature, seconds in one["features"].items()]
    figure.add_heatmap(
        y=[label for label, _ in strips], x0=0.5, dx=1, z=[[_shade(counts) for counts in seconds] for _, seconds in strips],
        customdata=[[_words(counts) for counts in seconds] for _, seconds in strips], zmin=0, zmax=1, colorscale=SHADES,
        showscale=False, xgap=1, ygap=2, hovertemplate="%{y}, second %{x:.0f}<br>%{customdata}<extra></extra>",
    )  # fmt: skip
    for one in drills:
        for begin, end in zip(one["injected_s"], one["ended_s"], strict=True):
            for x, dash in ((begin, "solid"), (end, "dot")):
                figure.add_vline(x=x, line={"color": COLOURS[one["side"]], "width": 2, "dash": dash})
    figure.update_layout(height=AROUND_PX + ROW_PX * len(strips))
    figure.update_yaxes(autorange="reversed")
    figure.update_xaxes(title_text="seconds of load")
    return Chart(f"drill-{fault}", fault, apply_style(figure), table_of(_seconds(drills), SECOND_COLUMNS))


def _seconds(drills: Sequence[Figures]) -> Iterator[Figures]:
    for one in drills:
        for feature, seconds in one["features"].items():
            for at, counts in enumerate(seconds):
                if sum(counts):
                    yield {"side": one["side"], "feature": feature, "at_s": at, **dict(zip(KINDS, counts, strict=True))}


def _shade(counts: Sequence[int]) -> float | None:
    """Return the mean position of the outcomes on SHADES, None without requests."""
    worst = len(KINDS) - 1
    return sum(place * count for place, count in enumerate(counts)) / worst / sum(counts) if any(counts) else None


def _words(counts: Sequence[int]) -> str:
    return ", ".join(f"{count} {kind}" for count, kind in zip(counts, KINDS, strict=True))
