"""The chapter of `scale`: seven decades of users on both sides, and the ladder of limits."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import plotly.graph_objects as go

from loadtests.report.charts import COLOURS, GREY, MS_TICKS, SYMBOLS, apply_style
from loadtests.report.parameters import parameter_table
from loadtests.report.tables import Chapter, Chart, Column, Finding, dollars, milliseconds, table_of
from loadtests.results import SIDES

MONOLITH, SERVICES = SIDES
USER_TICKS = [10**power for power in range(7)]
SIZES = {MONOLITH: "servers", SERVICES: "environments"}
NO_DOLLARS = "A month without dollars: no database instance is large enough."
Figures = dict[str, Any]


def users(value: float) -> str:
    """Return a number of users with two digits."""
    return f"{float(f'{value:.2g}'):,.0f}"


def _percent(value: float) -> str:
    return "0" if not value else f"{value:.2f}" if value >= 0.01 else "< 0.01"


def _milliseconds(value: float) -> str:
    return "0" if not value else milliseconds(value)


POPULATION_COLUMNS = (
    Column("users", form=users), Column("side"), Column("busiest second, requests", "rate", "{:,.0f}".format),
    *(Column(f"{name} ms", f"{name}_ms", milliseconds) for name in ("p50", "p95", "p99")),
    Column("errors %", "errors_percent", _percent), Column("with default limits %", "errors_at_defaults_percent", _percent),
    *(Column(f"score after, {name} ms", f"lag_{name}_ms", _milliseconds) for name in ("p50", "p95")),
    Column("cold %", "cold_percent", _percent), Column("most", "sizes"), Column("a month", "dollars", dollars),
)  # fmt: skip
LADDER_COLUMNS = tuple(
    Column(name) for name in ("users", "side", "first limit", "reached at", "lifted by", "kind", "next", "at")
)
LIMIT_COLUMNS = (
    Column("side"), Column("reached at users", "users", users), Column("what"), Column("limit", "capacity", "{:,.4g}".format),
    Column("kind"), Column("basis"), Column("lifted by", "lifted_by"),
)  # fmt: skip
CHARTS = (
    ("scale-latency", "p95 by users", "p95_ms", "ms", MS_TICKS),
    ("scale-errors", "Failed requests by users, with default limits", "errors_at_defaults_percent", "%", None),
    ("scale-dollars", "Dollars a month by users", "dollars", "$ a month", [10**power for power in range(1, 8)]),
)  # fmt: skip


def chapter(figures: Figures) -> Chapter:
    """Return the chapter. Every figure in it is modelled."""
    origin = figures["origin"]
    rows = [{**row, "sizes": f"{row['most']:,.0f} {SIZES[row['side']]}"} for row in figures["populations"]]
    tables = (
        ("A day of each population, soft limits raised", rows, POPULATION_COLUMNS),
        ("The ladder", list(_ladder(rows)), LADDER_COLUMNS),
        ("All limits", [{**one, **_kind(one)} for one in figures["limits"]], LIMIT_COLUMNS),
    )
    return Chapter(
        name="scale",
        names={"region": figures["region"], "mix": figures["mix"], "validated": users(figures["validated_to"])},
        findings=[Finding(text, origin) for text in _findings(figures)],
        tables=[
            *(table_of(records, columns, title=title, origin=origin) for title, records, columns in tables),
            parameter_table(figures["parameters"]),
        ],
        charts=lambda: _charts(figures),
        notes=[NO_DOLLARS] if any(row["dollars"] is None for row in rows) else [],
    )  # fmt: skip


def sentence(figures: Figures) -> str:
    """Return the first limit of each side in one sentence."""
    firsts = {side: [one for one in figures["limits"] if one["side"] == side] for side in SIDES}
    parts = [
        f"the {side} at {users(all_[0]['users'])} users ({all_[0]['what']}), then at {users(all_[1]['users'])} ({all_[1]['what']})"
        for side, all_ in firsts.items()
    ]
    return f"On the way to a million users the first limit meets {'; '.join(parts)}."


def _findings(figures: Figures) -> Iterator[str]:
    yield sentence(figures)
    hard = [one for one in figures["limits"] if one["hard"]]
    walls = [next(one for one in hard if one["side"] == side) for side in SIDES]
    texts = [f"{one['what']} on the {one['side']}, at {users(one['users'])} users" for one in walls]
    yield f"The first limits that no setting lifts: {'; '.join(texts)}."


def _ladder(rows: list[Figures]) -> Iterator[Figures]:
    """Yield the first limit that populations meet when those of the smaller populations are lifted."""
    ahead = sorted((row for row in rows if "limit" in row), key=lambda row: (SIDES.index(row["side"]), row["users"]))
    for (side, what), group in groupby(ahead, key=lambda row: (row["side"], row["limit"]["what"])):
        same = list(group)
        first, following = same[0]["limit"], same[0].get("next")
        yield {
            "users": " – ".join(dict.fromkeys(users(one["users"]) for one in (same[0], same[-1]))), "side": side,
            "first limit": what, "reached at": users(first["users"]), "lifted by": first["lifted_by"], **_kind(first),
            **({"next": following["what"], "at": users(following["users"])} if following else {}),
        }  # fmt: skip


def _kind(limit: Figures) -> Figures:
    return {"kind": "hard" if limit["hard"] else "soft", "basis": "assumed" if limit["assumed"] else "cited"}


def _charts(figures: Figures) -> Iterator[Chart]:
    for name, title, key, unit, ticks in CHARTS:
        figure = go.Figure()
        for side in SIDES:
            rows = [row for row in figures["populations"] if row["side"] == side and row[key] is not None]
            _add_side(figure, rows, key, side=side, validated=figures["validated_to"])
        figure.add_vline(x=figures["validated_to"], line={"dash": "dot", "width": 2, "color": GREY})
        figure.update_xaxes(type="log", tickvals=USER_TICKS, title_text="users")
        figure.update_yaxes(
            title_text=unit, **({"type": "log", "tickvals": ticks} if ticks else {"rangemode": "tozero"})
        )
        columns = (Column("users", form=users), Column("side"), Column(unit, key, "{:.4g}".format))
        yield Chart(name, title, apply_style(figure), table_of(figures["populations"], columns))


def _add_side(figure: go.Figure, rows: list[Figures], key: str, *, side: str, validated: float) -> None:
    """Add the line of a side: solid up to the validated population, dashed beyond it."""
    inside = [row for row in rows if row["users"] <= validated]
    parts = ((inside, "solid", side), (rows[max(len(inside) - 1, 0) :], "dash", f"{side}, extrapolated"))
    for part, dash, label in (one for one in parts if one[0]):
        figure.add_scatter(
            x=[row["users"] for row in part], y=[row[key] for row in part], name=label, mode="lines+markers",
            line={"color": COLOURS[side], "width": 2, "dash": dash}, hovertemplate="%{y:.4g}",
            marker={"color": COLOURS[side], "symbol": SYMBOLS[side], "size": 7},
        )  # fmt: skip
