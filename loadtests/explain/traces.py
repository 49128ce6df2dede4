"""Read the spans of both sides, and find what each call caused: before its answer and afterwards."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# The names of functions' root spans whose source is an event. Nobody waits for these.
ASYNCHRONOUS = {"stream", "queue", "topic", "views", "object", "push", "event"}
_FIRST = '{"spans"'
_GROUPS = "/aws/lambda/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A span that has ended (hooks/spans.py), its service and its process id."""

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
    process: int = 0

    @property
    def end_ns(self) -> int:
        return self.start_ns + round(self.ms * 1e6)


Root = list[Span]  # a root span, then all spans below it


def from_logs(logs: Any, *, since_ms: int) -> list[Root]:
    """Return the spans in the functions' logs since a moment, in milliseconds of the epoch. logs: a CloudWatch Logs client."""
    groups = logs.describe_log_groups(logGroupNamePrefix=_GROUPS)["logGroups"]
    read = logs.get_paginator("filter_log_events").paginate
    lines = (
        event["message"]
        for group in groups
        for page in read(logGroupName=group["logGroupName"], startTime=since_ms)
        for event in page["events"]
    )
    return list(_roots(lines))


def from_file(file: Path) -> list[Root]:
    """Return the spans in the monolith's file, none if there is no file."""
    return list(_roots(file.read_text().splitlines())) if file.exists() else []


def _roots(lines: Iterable[str]) -> Iterator[Root]:
    for line in lines:
        if line.startswith(_FIRST):
            record = json.loads(line)
            own = {"service": record["service"], "process": record["process"]}
            yield [Span(**span, **own) for span in record["spans"]]


class Forest:
    """All spans of one side, by parent."""

    def __init__(self, roots: Sequence[Root]) -> None:
        self._below: dict[str, list[Span]] = {}
        self._asynchronous: set[str] = set()
        left = {job: id for root in roots if root[0].kind == "request" for job, id in jobs_of(root)}
        for root in roots:
            top = root[0]
            takes = {left[job] for job, _ in jobs_of(root) if job in left} if top.kind == "background" else set()
            for above in {top.parent, *top.links, *takes} - {None}:
                self._below.setdefault(str(above), []).append(top)
            for span in root[1:]:
                self._below.setdefault(str(span.parent), []).append(span)
            if top.kind == "background" or top.name in ASYNCHRONOUS:
                self._asynchronous.add(top.id)

    def until_answer(self, span_id: str) -> list[Span]:
        """Return the spans directly below a span that were waited for, by their starts."""
        return [span for span in self._sorted(span_id) if span.id not in self._asynchronous]

    def afterwards(self, span_id: str) -> list[tuple[int, Span]]:
        """Return all spans below a span that were not waited for, each once, with its depth."""
        later: dict[str, tuple[int, Span]] = {}
        self._gather(span_id, 0, later, waited=True)
        return list(later.values())

    def _gather(self, span_id: str, depth: int, later: dict[str, tuple[int, Span]], *, waited: bool) -> None:
        for span in self._sorted(span_id):
            still = waited and span.id not in self._asynchronous
            if not still and span.id in later:
                continue
            if not still:
                later[span.id] = depth, span
            self._gather(span.id, depth + (not still), later, waited=still)

    def _sorted(self, span_id: str) -> list[Span]:
        return sorted(self._below.get(span_id, []), key=lambda span: span.start_ns)


def jobs_of(root: Root) -> Iterator[tuple[str, str]]:
    """Yield the hashed ids of the monolith's jobs in a root, each with its span."""
    return ((job, span.id) for span in root[1:] for job in span.links)
