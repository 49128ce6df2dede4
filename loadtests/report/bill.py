"""The chapter of `bill`: dollars of both sides, the break-even as a chart and a sentence, and what moves it."""

from collections.abc import Iterator, Sequence
from math import inf
from typing import Any

import plotly.graph_objects as go

from loadtests.report.charts import AROUND_PX, COLOURS, GREY, ROW_PX, apply_style
from loadtests.report.parameters import basis, parameter_table
from loadtests.report.tables import Chapter, Chart, Column, Finding, dollars, number, percent, table_of
from loadtests.results import SIDES

MONOLITH, SERVICES = SIDES
SEARCHED = 100_000  # requests a second; beyond, no break-even is looked for
CAPACITY = "monolith.requests_per_vcpu"
DOLLAR_TICKS = [10**power for power in range(6)]
RATE_TICKS = [10**power for power in range(-2, 4)]
DASHES = {"one VM": "dot", "Fargate, one zone": "dash", "managed instances": "dot"}  # of the forms; solid otherwise
Figures = dict[str, Any]


def amount(value: float) -> str:
    """Return dollars of a table without their sign, so that the column counts as numbers."""
    return dollars(value).removeprefix("$")


DOLLARS = (
    Column("$ a month", "month", amount), Column("$ without requests", "idle", amount),
    Column("$ a million requests", "per_million", amount),
)  # fmt: skip
FORM_COLUMNS = (
    Column("side"), Column("form"), *DOLLARS,
    *(Column(name) for name in ("break-even, requests/s", "interval", "duty cycle")),
)  # fmt: skip
QUANTITY = Column("quantity a month", "quantity", "{:,.4g}".format)
UNIT_COLUMNS = (Column("unit"), Column("counted as", "about"), QUANTITY, *DOLLARS)
SIDE_COLUMNS = tuple(Column(f"{side}, $", side, amount) for side in SIDES)
ENDS = ("from", "to", "break-even from", "break-even to")
SWING_COLUMNS = tuple(map(Column, ("assumption", *ENDS, "basis")))


def chapter(figures: Figures) -> Chapter:
    """Return the chapter. Every dollar in it is modelled; its last table lists the parameters."""
    origin = figures["origin"]
    tables = (
        ("Forms of deployment", _forms(figures), FORM_COLUMNS),
        ("Parts of a month", _parts(figures), _columns_of_forms(figures, Column("part"))),
        ("The services by unit", figures["units"], UNIT_COLUMNS),
        ("A million journeys", figures["journeys"], (Column("journey"), *SIDE_COLUMNS)),
        ("Features in a million requests", figures["features"], (Column("feature"), *SIDE_COLUMNS)),
        ("Assumptions that move the break-even", _swings(figures), SWING_COLUMNS),
    )  # fmt: skip
    return Chapter(
        name="bill",
        names={**{name: figures[name] for name in ("region", "mix", "like_for_like")}, "traffic": figures["traffic"]["name"]},
        findings=[Finding(text, origin) for text in _findings(figures)],
        tables=[
            *(table_of(rows, columns, title=title, origin=origin) for title, rows, columns in tables),
            parameter_table(figures["parameters"]),
        ],
        charts=lambda: _charts(figures),
        notes=list(_notes(figures)),
    )  # fmt: skip


def _notes(figures: Figures) -> Iterator[str]:
    capacity, peak, validated = (
        figures["parameters"][CAPACITY],
        figures["traffic"]["peak"],
        figures.get("validated_to", inf),
    )
    yield f"The monolith carries {number(capacity['value'])} requests/s for each vCPU: {basis(capacity)}. {capacity['note']}."
    if peak > validated:
        yield f"Extrapolated: {peak:,.0f} requests/s exceed {validated:,.0f}, the highest rate that the models were compared with."


def sentence(figures: Figures) -> str:
    """Return the break-even in one sentence, with its interval, for one VM and for the like-for-like form."""
    forms = {one["form"]: one for one in figures["forms"]}
    like, peak = forms[figures["like_for_like"]], f"{figures['traffic']['peak']:.3g}"
    where = ", and ".join(f"{_from(one)} on {one['form']}" for one in (forms["one VM"], like))
    duty = "no duty cycle" if like["duty"] is None else f"a duty cycle of {percent(like['duty'])} or more"
    return f"The monolith costs less {where}; there, with a peak of {peak} requests/s, at {duty}."


def equal_at(form: Figures) -> str:
    """Return the rate at which a form of the monolith and the functions cost the same, in a sentence."""
    rate = form["break_even"]
    if rate is None:
        return f"They cost the same at no rate up to {SEARCHED:,} requests/s."
    return f"They cost the same at {_rate(rate)} requests/s ({_span(form['interval'])})."


def _from(form: Figures) -> str:
    rate = form["break_even"]
    where = "at no rate" if rate is None else f"from {_rate(rate)} requests/s" if rate else "at every rate"
    return f"{where} ({_span(form['interval'])})"


def _span(interval: Sequence[float | None]) -> str:
    return " – ".join(map(_rate, interval))


def _rate(value: float | None) -> str:
    return f"> {SEARCHED:,}" if value is None else f"{value:,.3g}" if value < 1000 else f"{value:,.0f}"


def _findings(figures: Figures) -> Iterator[str]:
    forms = {one["form"]: one for one in figures["forms"]}
    like, functions = forms[figures["like_for_like"]], forms["functions"]
    # A month is None if no machine is large enough.
    months = {one["form"]: one["month"] for one in (forms["one VM"], like) if one["month"]}
    texts = [f"{dollars(month)} on {form}" for form, month in months.items()]
    if figures["unverified"]:
        yield f"The bill is unverified: no meter or no price for {', '.join(figures['unverified'])}."
    yield (
        f"A month of {figures['traffic']['name']} ({figures['traffic']['requests'] / 1e6:,.1f} million requests) in "
        f"{figures['region']}: the monolith costs {' and '.join(texts)}, the microservices "
        f"{dollars(functions['month'])}, of which {dollars(functions['idle'])} without a request."
    )
    yield sentence(figures)


def _forms(figures: Figures) -> Iterator[Figures]:
    for one in figures["forms"]:
        row = {**one}
        if "break_even" in one:
            row["break-even, requests/s"] = _rate(one["break_even"])
            row["interval"] = _span(one["interval"])
            row["duty cycle"] = "> 100 %" if one["duty"] is None else percent(one["duty"])
        yield row


def _columns_of_forms(figures: Figures, first: Column) -> list[Column]:
    return [first, *(Column(f"{one['form']}, $", one["form"], amount) for one in figures["forms"])]


def _parts(figures: Figures) -> Iterator[Figures]:
    """Yield a part with its dollars in each form: the monolith's servers first, then what is counted."""
    for part in dict.fromkeys(part for one in figures["forms"] for part in one["parts"]):
        months = {one["form"]: one["parts"].get(part) for one in figures["forms"]}
        if any(months.values()):
            yield {"part": part, **months}


def _swings(figures: Figures) -> Iterator[Figures]:
    for one in figures["swings"]:
        ends = (*map(number, one["ends"]), *map(_rate, one["rates"]))
        yield {
            "assumption": one["name"],
            **dict(zip(ENDS, ends, strict=True)),
            "basis": basis(figures["parameters"][one["name"]]),
        }


def _charts(figures: Figures) -> Iterator[Chart]:
    yield _break_even_chart(figures)
    yield _waterfall(figures)
    yield _tornado(figures)


def _break_even_chart(figures: Figures) -> Chart:
    """Return dollars a month against the rate, with the break-evens of the functions as symbols."""
    figure, curve = go.Figure(), figures["curve"]
    for one in figures["forms"]:
        line = {"color": COLOURS[one["side"]], "width": 2.5, "dash": DASHES.get(one["form"], "solid")}
        figure.add_scatter(
            x=curve["rates"], y=curve["months"][one["form"]], mode="lines", line=line, name=f"{one['side']}: {one['form']}",
            hovertemplate="$%{y:,.0f} at %{x:.3g}/s",
        )  # fmt: skip
    crossings = [one for one in figures["forms"] if one["side"] == MONOLITH and one["break_even"]]
    figure.add_scatter(
        x=[one["break_even"] for one in crossings], y=[_at(curve, one["break_even"]) for one in crossings], mode="markers",
        marker={"color": GREY, "symbol": "x", "size": 9}, name="break-even", hovertemplate="%{x:.3g} requests/s",
    )  # fmt: skip
    figure.update_xaxes(type="log", tickvals=RATE_TICKS, title_text="requests a second, constant")
    figure.update_yaxes(type="log", tickvals=DOLLAR_TICKS, title_text="dollars a month")
    figure.update_layout(height=340)
    columns = _columns_of_forms(figures, Column("requests/s", form=number))
    rows = [
        {"requests/s": rate, **{form: months[place] for form, months in curve["months"].items()}}
        for place, rate in enumerate(curve["rates"])
    ]
    return Chart("bill-break-even", "Dollars a month by rate", apply_style(figure), table_of(rows, columns))


def _at(curve: Figures, rate: float) -> float:
    """Return the functions' dollars at a rate, from the next point of the curve."""
    place = next((place for place, each in enumerate(curve["rates"]) if each >= rate), -1)
    return float(curve["months"]["functions"][place])


def _waterfall(figures: Figures) -> Chart:
    """Return the services' dollars for a million requests, unit after unit."""
    rows = [row for row in figures["units"] if row["per_million"] > 0]
    values = [float(row["per_million"]) for row in rows]
    names, starts = [row["unit"] for row in rows], [sum(values[:place]) for place in range(len(values))]
    figure = go.Figure()
    figure.add_bar(
        y=[*names, "total"], x=[*values, sum(values)], base=[*starts, 0], orientation="h", marker_color=COLOURS[SERVICES],
        name=f"{SERVICES}: functions", hovertemplate="$%{x:.3f}",
    )  # fmt: skip
    figure.update_layout(height=AROUND_PX + ROW_PX * 0.7 * (len(rows) + 1), bargap=0.25)
    figure.update_yaxes(categoryorder="array", categoryarray=["total", *names[::-1]])
    figure.update_xaxes(title_text="$ a million requests", rangemode="tozero")
    return Chart("bill-waterfall", "The services, unit by unit", apply_style(figure), table_of(rows, UNIT_COLUMNS))


def _tornado(figures: Figures) -> Chart:
    """Return the break-even between the two ends of each assumption, the widest first."""
    rows = [one for one in figures["swings"] if None not in one["rates"]]
    names = [one["name"] for one in rows]
    like = next(one for one in figures["forms"] if one["form"] == figures["like_for_like"])
    figure = go.Figure()
    for place, (end, colour) in enumerate(zip(("low end", "high end"), ("#9dc3e6", "#27598a"), strict=True)):
        base = like["break_even"] or 0.0
        figure.add_bar(
            y=names, x=[one["rates"][place] - base for one in rows], base=[base] * len(rows), orientation="h", name=end,
            marker_color=colour, customdata=[(one["ends"][place], one["rates"][place]) for one in rows],
            hovertemplate="%{customdata[0]:.4g}: %{customdata[1]:.3g} requests/s",
        )  # fmt: skip
    figure.update_layout(barmode="overlay", height=AROUND_PX + ROW_PX * len(rows), bargap=0.3)
    figure.update_yaxes(categoryorder="array", categoryarray=names[::-1])
    figure.update_xaxes(title_text=f"break-even with {like['form']}, requests/s")
    table = table_of(_swings(figures), SWING_COLUMNS)
    return Chart("bill-assumptions", "What moves the break-even", apply_style(figure), table)
