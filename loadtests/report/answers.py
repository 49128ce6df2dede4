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
Pair = tuple[float, float]
SHOWN_LAG = "vote_to_post_score"
DRAWN_LAGS = (SHOWN_LAG, "post_to_search", "order_to_settled")  # the chapter has all


def answers(report: Report) -> list[Answer]:
    """Return the five answers of a report on both systems."""
    return list(_answers(report))


def table(report: Report) -> Table:
    """Return the table of the README: a row for each answer."""
    rows = [(f"**{one.question}**", one.text, one.origin) for one in answers(report)]
    return Table(columns=("question", "answer", "origin"), rows=rows)


def _answers(report: Report) -> Iterator[Answer]:
    parts: tuple[tuple[str, str, str, Callable[[str, Report], Answer]], ...] = (
        ("How fast on AWS?", "latency", "explain --into RUN", _latency),
        ("What does it cost?", "bill", "bill --into RUN", _bill),
        ("What breaks first?", "scale", "scale --into RUN", _scale),
        ("What do you give up?", "latency", "explain --into RUN", _consistency),
        ("How much more is there?", "complexity", "compare", _complexity),
    )
    for question, chapter, command, answer in parts:
        missing = Answer(question, f"Not in this run: `python -m loadtests {command}` adds it.", "")
        yield answer(question, report) if report.get(chapter) else missing


def _latency(question: str, report: Report) -> Answer:
    figures = report["latency"]
    medians = {label: _pair(of, "p50_ms") for label, of in figures["headline"].items()}
    texts = [
        f"{milliseconds(here)} and {milliseconds(there)} ms to {label}" for label, (here, there) in medians.items()
    ]
    text = f"Median on the monolith and on the microservices: {_list(texts)}."
    bars = [_time_bar(label, of) for label, of in figures["headline"].items()]
    return Answer(question, text, f"modelled for {figures['region']}", "latency", bars)


def _bill(question: str, report: Report) -> Answer:
    figures = report["bill"]
    forms = {one["form"]: one for one in figures["forms"]}
    like, functions, traffic = forms[figures["like_for_like"]], forms["functions"], figures["traffic"]
    at = f"at {traffic['peak']:g} requests/s" if traffic["duty"] == 1 else traffic["name"]
    months = {"without requests": (like["idle"], functions["idle"]), at: (like["month"], functions["month"])}
    bars = [
        Bar(label, pair, (dollars(pair[0]), dollars(pair[1])), f"monolith on {like['form']}")
        for label, pair in months.items()
        if None not in pair  # no machine is large enough
    ]
    shown = "; ".join(f"{bar.label} {bar.texts[0]} and {bar.texts[1]}" for bar in bars)
    gaps = ", ".join(figures["unverified"])
    text = f"A month of the monolith and of the microservices: {shown}. {bill.equal_at(like)}"
    text += f" Unverified: no meter or price for {gaps}." if gaps else ""
    return Answer(question, text, f"modelled for {figures['region']}", "bill", bars)


def _scale(question: str, report: Report) -> Answer:
    figures = report["scale"]
    firsts = {one["side"]: one for one in reversed(figures["limits"])}  # the last one written is the lowest
    texts = [
        f"on the {side} {firsts[side]['what']}, at {scale.users(firsts[side]['users'])} users ({_lift(firsts[side])})"
        for side in filter(firsts.get, SIDES)
    ]
    here, there = (firsts[side]["users"] if side in firsts else 0.0 for side in SIDES)
    bars = [Bar("users at the first limit", (here, there), (scale.users(here), scale.users(there)))]
    return Answer(question, f"The first limit: {'; '.join(texts)}.", f"modelled for {figures['region']}", "scale", bars)


def _lift(limit: Figures) -> str:
    """Return what lifts a limit, without the explanation that follows."""
    first = str(limit["lifted_by"]).partition(". ")[0].rstrip(".")
    return f"lifted by {first[:1].lower()}{first[1:]}" if first else "no setting lifts it"


def _consistency(question: str, report: Report) -> Answer:
    lags, effects = report["latency"]["freshness"], report.get("after_the_load", {})
    shown = lags[SHOWN_LAG][SERVICES]
    eventual = [name for name, of in lags.items() if of[SERVICES]["p50_ms"] > 0]
    text = (
        f"A vote shows at once on the monolith, and after {milliseconds(shown['p50_ms'])} ms (median; p99 "
        f"{milliseconds(shown['p99_ms'])}) on the microservices. Eventually consistent there: {len(eventual)} effects."
    )
    origin = "modelled"
    if all(side in effects.get(AUDITED, {}) for side in SIDES):  # a side without an audit has no count, not 0
        here, there = (sum(counts.get(side, 0) for counts in effects.values()) for side in SIDES)
        text += f" Effects lost or doubled in this run: {here} and {there}."
        origin = "lags modelled, effects counted"
    bars = [_time_bar(words(name), lags[name]) for name in DRAWN_LAGS if name in eventual]
    return Answer(question, text, origin, "latency", bars)


def _complexity(question: str, report: Report) -> Answer:
    here, there = report["complexity"]["totals"]
    changes: Sequence[Figures] = report["complexity"]["change_cost"]
    text = (
        f"{here['lines']:,} lines and {here['templates']:,} lines of templates in {here['units']} deployable unit, or "
        f"{there['lines']:,} and {there['templates']:,} in {there['units']}, for the same behaviour."
    )
    kinds = {"lines": "lines", "lines of templates": "templates", "deployable units": "units"}
    pairs: dict[str, Pair] = {label: (here[key], there[key]) for label, key in kinds.items()}
    if number := len({row["change"] for row in changes}):
        first, second = (sum(int(row["releases"]) for row in changes if row["side"] == side) for side in SIDES)
        text += f" {number} typical changes need {first} and {second} releases."
        pairs[f"releases for {number} changes"] = first, second
    bars = [Bar(label, pair, (f"{pair[0]:,}", f"{pair[1]:,}")) for label, pair in pairs.items()]
    return Answer(question, text, "counted", "complexity", bars)


def _time_bar(label: str, of: Figures) -> Bar:
    """Return a bar of medians. p99 is shown on hover."""
    here, there = _pair(of, "p50_ms")
    more = "; ".join(f"{side} p99 {_ms(of[side]['p99_ms'])}" for side in SIDES)
    return Bar(label, (here, there), (_ms(here), _ms(there)), more)


def _ms(value: float) -> str:
    return f"{milliseconds(value)} ms" if value else "at once"


def _pair(of: Figures, key: str) -> Pair:
    here, there = (float(of[side][key]) for side in SIDES)
    return here, there


def _list(texts: Sequence[str]) -> str:
    """Return the texts joined by commas and a last "and"."""
    return ", ".join(texts[:-1]) + (", and " if len(texts) > 1 else "") + texts[-1]
