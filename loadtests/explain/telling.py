"""What the explained systems told: the functions in their logs, the monolith in a file. Both as lines of JSON."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FIRST = '{"spans"'
_GROUPS = "/aws/lambda/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A span as it was told (tracing/spans.py), and the service that told it."""

    id: str
    parent: str | None
    links: list[str]
    kind: str
    name: str
    start_ns: int
    ms: float
    lines: list[str]
    counts: dict[str, float]
    service: str

    @property
    def end_ns(self) -> int:
        return self.start_ns + round(self.ms * 1e6)


Root = list[Span]  # what woke a process or a thread, and then all below it


def of_functions(logs: Any, *, since_ms: int) -> list[Root]:
    """Return what functions told since a moment, in milliseconds of the epoch. logs: a client of CloudWatch Logs."""
    groups = logs.describe_log_groups(logGroupNamePrefix=_GROUPS)["logGroups"]
    read = logs.get_paginator("filter_log_events").paginate
    lines = (
        event["message"]
        for group in groups
        for page in read(logGroupName=group["logGroupName"], startTime=since_ms)
        for event in page["events"]
    )
    return list(_roots(lines))


def of_the_monolith(file: Path) -> list[Root]:
    """Return all that the monolith told."""
    return list(_roots(file.read_text().splitlines())) if file.exists() else []


def _roots(lines: Iterable[str]) -> Iterator[Root]:
    for line in lines:
        if line.startswith(_FIRST):
            told = json.loads(line)
            yield [Span(**span, service=told["service"]) for span in told["spans"]]
