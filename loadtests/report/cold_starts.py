"""The chapter of cold starts: what a function's first invocation costs."""

from collections.abc import Iterator
from typing import Any

from loadtests.report.tables import Chapter, Column, Finding, Record, milliseconds, span, table_of

COLUMNS = (
    Column("function"), Column("INIT CPU ms", "init_cpu_ms"), Column("first request ms", "first_ms"), Column("warm ms", "warm_ms"),
    Column("package MB", "package_mb", "{:.2f}".format), Column("origin"),
)  # fmt: skip

TIMES = ("init_cpu_ms", "first_ms", "warm_ms")


def chapter(figures: dict[str, Any]) -> Chapter:
    """Return the chapter: one table of functions, with the median of each time and its range."""
    records = [
        {"function": name, **one, **{time: _with_range(one, time) for time in TIMES}, "origin": figures["origin"]}
        for name, one in figures["functions"].items()
    ]
    return Chapter(name="cold-starts", findings=list(_findings(figures)), tables=[table_of(records, COLUMNS)])


def _with_range(function: Record, time: str) -> str | None:
    median, seen = function[time], function.get(f"{time}_range")
    return None if median is None else f"{milliseconds(median)} ({span(seen)})" if seen else milliseconds(median)


def _findings(figures: dict[str, Any]) -> Iterator[Finding]:
    reached = [one for one in figures["functions"].values() if all(one[name] for name in TIMES)]
    if reached:
        cold, warm = (
            span(one["init_cpu_ms"] + one["first_ms"] for one in reached),
            span(one["warm_ms"] for one in reached),
        )
        text = f"A cold function needs {cold} ms until its first answer, a warm one {warm} ms."
        yield Finding(text, figures["origin"])
