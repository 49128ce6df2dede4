"""The chapter of `coldstarts`: what a function's first invocation costs."""

from collections.abc import Iterator
from statistics import median
from typing import Any

from loadtests.report.tables import Chapter, Column, Finding, milliseconds, percent, span, table_of

MONOLITH = "monolith"
COLUMNS = (
    Column("function"),
    Column("import ms", "import_ms", milliseconds),
    Column("client ms", "client_ms", milliseconds),
    Column("first request ms", "first_ms", milliseconds),
    Column("warm ms", "warm_ms", milliseconds),
    Column("package MB", "package_mb", "{:.2f}".format),
    Column("origin"),
)
Figures = dict[str, Any]


def chapter(figures: Figures) -> Chapter:
    """Return the chapter: one table of functions."""
    records = [{"function": name, **one, "origin": figures["origin"]} for name, one in figures["functions"].items()]
    if figures["monolith"]:
        records.append({"function": MONOLITH, **figures["monolith"], "origin": "measured"})
    return Chapter(
        name="cold-starts",
        findings=list(_findings(figures)),
        tables=[table_of(records, COLUMNS)],
    )  # fmt: skip


def _findings(figures: Figures) -> Iterator[Finding]:
    if reached := [one for one in figures["functions"].values() if one["first_ms"] and one["warm_ms"]]:
        cold = [one["import_ms"] + (one["client_ms"] or 0) + one["first_ms"] for one in reached]
        imports = median(one["import_ms"] / total for one, total in zip(reached, cold, strict=True))
        yield Finding(
            f"A cold function needs {span(cold)} ms until its first answer, a warm one "
            f"{span(one['warm_ms'] for one in reached)} ms; {percent(imports)} of a cold start is importing (median).",
            figures["origin"],
        )
    if (one := figures["monolith"]) and one["first_ms"]:
        yield Finding(
            f"The monolith imports its code in {milliseconds(one['import_ms'])} ms, at a deployment and not at a request.",
            "measured",
        )
