"""The chapter of `coldstarts`: what a function's first invocation costs."""

from collections.abc import Iterator
from typing import Any

from loadtests.report.tables import Chapter, Column, Finding, milliseconds, span, table_of

COLUMNS = (
    Column("function"), Column("INIT CPU ms", "init_cpu_ms", milliseconds), Column("first request ms", "first_ms", milliseconds),
    Column("warm ms", "warm_ms", milliseconds), Column("package MB", "package_mb", "{:.2f}".format), Column("origin"),
)  # fmt: skip


def chapter(figures: dict[str, Any]) -> Chapter:
    """Return the chapter: one table of functions."""
    records = [{"function": name, **one, "origin": figures["origin"]} for name, one in figures["functions"].items()]
    return Chapter(name="cold-starts", findings=list(_findings(figures)), tables=[table_of(records, COLUMNS)])


def _findings(figures: dict[str, Any]) -> Iterator[Finding]:
    reached = [
        one
        for one in figures["functions"].values()
        if all(one[name] for name in ("init_cpu_ms", "first_ms", "warm_ms"))
    ]
    if reached:
        cold, warm = (
            span(one["init_cpu_ms"] + one["first_ms"] for one in reached),
            span(one["warm_ms"] for one in reached),
        )
        text = f"A cold function needs {cold} ms until its first answer, a warm one {warm} ms."
        yield Finding(text, figures["origin"])
