"""The first screen of a comparison: the five questions of an architect, each answered in one sentence with its origin.

The figures are those of the report's chapters. Where a chapter is missing, the answer names the command that makes it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from loadtests.report import bill, scale
from loadtests.report.charts import Report
from loadtests.report.tables import Answer, Bar, Table, dollars, milliseconds, words
from loadtests.results import AUDITED, SIDES

MONOLITH, SERVICES = SIDES
Figures = Mapping[str, Any]
SHOWN_LAG = "vote_to_post_score"
DRAWN_LAGS = (SHOWN_LAG, "post_to_search", "order_to_settled")  # the chapter has all
EXPLAIN = "`python -m loadtests explain --into RUN`"


def answers(report: Report) -> list[Answer]:
    """Return the five answers of a report on both systems."""
    return list(_answers(report))


def table(report: Report) -> Table:
    """Return the table of the README: a row for each answer."""
    rows = [(f"**{one.question}**", one.text, one.origin) for one in answers(report)]
    return Table(columns=("question", "answer", "origin"), rows=rows)


def _answers(report: Report) -> Iterator[Answer]:
    parts: tuple[tuple[str, str, str, Callable[[Report], Answer]], ...] = (
        ("How fast on AWS?", "latency", EXPLAIN, _latency),
        ("What does it cost?", "bill", "`python -m loadtests bill --into RUN`", _bill),
        ("What breaks first?", "scale", "`python -m loadtests scale --into RUN`", _scale),
        ("What do you give up?", "latency", EXPLAIN, _consistency),
        ("How much more is there?", "complexity", "`python -m loadtests compare`", _complexity),
    )
    for question, name, command, answer in parts:
        if report.get(name):
            yield answer(report)._replace(question=question)
        else:
            yield Answer(question, f"Not in this run: {command} adds it.", "")


def _latency(report: Report) -> Answer:
    headline = report["latency"]["headline"]
    texts = [
        f"{milliseconds(of[MONOLITH]['p50_ms'])} and {milliseconds(of[SERVICES]['p50_ms'])} ms to {label}"
        for label, of in headline.items()
    ]
    return Answer(
        "",
        f"Median on the monolith and on the microservices: {_list(texts)}.",
        f"modelled for {report['latency']['region']}",
        "latency",
        [_bar(label, of, "p50_ms", _ms, "p99_ms") for label, of in headline.items()],
    )


def _bill(report: Report) -> Answer:
    figures = report["bill"]
    forms = {one["form"]: one for one in figures["forms"]}
    like, functions = forms[figures["like_for_like"]], forms["functions"]
    traffic = figures["traffic"]
    at = f"at {traffic['peak']:g} requests/s" if traffic["duty"] == 1 else traffic["name"]
    bars = [
        Bar(
            label,
            (like[key], functions[key]),
            (dollars(like[key]), dollars(functions[key])),
            f"monolith on {like['form']}",
        )
        for key, label in (("idle", "without requests"), ("month", at))
        if like[key] is not None and functions[key] is not None
    ]
    text = "; ".join(f"{bar.label} {bar.texts[0]} and {bar.texts[1]}" for bar in bars)
    unverified = (
        f" Unverified: no meter or price for {', '.join(figures['unverified'])}." if figures["unverified"] else ""
    )
    return Answer(
        "",
        f"A month of the monolith and of the microservices: {text}. {bill.equal_at(like)}{unverified}",
        f"modelled for {figures['region']}",
        "bill",
        bars,
    )


def _scale(report: Report) -> Answer:
    figures = report["scale"]
    firsts = {side: next((one for one in figures["limits"] if one["side"] == side), None) for side in SIDES}
    texts = [
        f"on the {side} {one['what']}, at {scale.users(one['users'])} users ({_lift(one)})"
        for side, one in firsts.items()
        if one
    ]
    reached = [one["users"] if one else 0.0 for one in firsts.values()]
    bars = [
        Bar("users at the first limit", (reached[0], reached[1]), (scale.users(reached[0]), scale.users(reached[1])))
    ]
    return Answer("", f"The first limit: {'; '.join(texts)}.", f"modelled for {figures['region']}", "scale", bars)


def _lift(limit: Figures) -> str:
    """Return what lifts a limit, without the explanation that follows."""
    first = str(limit["lifted_by"]).partition(". ")[0].rstrip(".")
    return f"lifted by {first[:1].lower()}{first[1:]}" if first else "no setting lifts it"


def _consistency(report: Report) -> Answer:
    lags = report["latency"]["freshness"]
    shown = lags[SHOWN_LAG]
    effects = report.get("after_the_load", {})
    wrong = [sum(counts.get(side, 0) for counts in effects.values()) for side in SIDES]
    audited = all(side in effects.get(AUDITED, {}) for side in SIDES)  # a side without an audit has no count, not 0
    audit = f" Effects lost or doubled in this run: {wrong[0]} and {wrong[1]}." if audited else ""
    eventual = [name for name, of in lags.items() if of[SERVICES]["p50_ms"] > 0]
    return Answer(
        "",
        f"A vote shows at once on the monolith, and after {milliseconds(shown[SERVICES]['p50_ms'])} ms (median; p99 "
        f"{milliseconds(shown[SERVICES]['p99_ms'])}) on the microservices. Eventually consistent there: {len(eventual)} "
        f"effects.{audit}",
        "lags modelled, effects counted" if audited else "modelled",
        "latency",
        [_bar(words(name), lags[name], "p50_ms", _ms, "p99_ms") for name in DRAWN_LAGS if name in eventual],
    )


def _complexity(report: Report) -> Answer:
    figures = report["complexity"]
    totals: Sequence[Figures] = figures["totals"]
    changes = figures["change_cost"]
    releases = [sum(int(row["releases"]) for row in changes if row["side"] == side) for side in SIDES]
    kinds = (("lines", "lines"), ("lines of templates", "templates"), ("deployable units", "units"))
    bars = [Bar(label, _of(totals, key), _texts(_of(totals, key))) for label, key in kinds]
    number = len({row["change"] for row in changes})
    if number:
        bars.append(
            Bar(f"releases for {number} changes", (releases[0], releases[1]), _texts((releases[0], releases[1])))
        )
    cost = f" {number} typical changes need {releases[0]} and {releases[1]} releases." if number else ""
    first, second = totals
    return Answer(
        "",
        f"{first['lines']:,} lines in {first['units']} deployable unit, or {second['lines']:,} lines and {second['templates']:,} "
        f"lines of templates in {second['units']}, for the same behaviour.{cost}",
        "counted",
        "complexity",
        bars,
    )


def _bar(label: str, of: Figures, key: str, form: Callable[[float], str], more: str) -> Bar:
    values = tuple(float(of[side][key]) for side in SIDES)
    hover = "; ".join(f"{side} p99 {form(of[side][more])}" for side in SIDES)
    return Bar(label, (values[0], values[1]), (form(values[0]), form(values[1])), hover)


def _ms(value: float) -> str:
    return f"{milliseconds(value)} ms" if value else "at once"


def _of(totals: Sequence[Figures], key: str) -> tuple[float, float]:
    return float(totals[0][key]), float(totals[1][key])


def _texts(values: tuple[float, float]) -> tuple[str, str]:
    return f"{values[0]:,.0f}", f"{values[1]:,.0f}"


def _list(texts: Sequence[str]) -> str:
    """Return the texts joined by commas and a last "and"."""
    return ", ".join(texts[:-1]) + (", and " if len(texts) > 1 else "") + texts[-1]
