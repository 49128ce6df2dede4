"""The calls and the spans of both sides: read them, and find what each call caused: before its answer and afterwards."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from loadtests.explain.hooks.carriers import Traceparent

# The parts that the time of a call is divided into.
GATEWAY, AUTHORIZER, OWN, STORES, TRANSACTION, HOPS, COLD = PARTS = (
    "gateway, server and network", "authorizer", "own code", "stores", "transaction", "calls of other functions",
    "cold start",
)  # fmt: skip
# The names of functions' root spans whose source is an event. Nobody waits for these.
ASYNCHRONOUS = {"stream", "queue", "topic", "views", "object", "push", "event"}


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

    @property
    def is_waited_for(self) -> bool:
        """Whether the span above it waits for it."""
        return self.kind != "background" and self.name not in ASYNCHRONOUS


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedCall:
    """One call of a journey: its trace, its start, and the milliseconds until the response was complete.

    bytes_in, bytes_out: of the bodies. request_bytes, response_bytes: with the headers, without the traceparent.
    """

    operation: str
    sender: Traceparent
    start_ns: int
    ms: float
    bytes_in: int
    bytes_out: int
    request_bytes: int = 0
    response_bytes: int = 0


Root = list[Span]  # a root span, then all spans below it


def read_spans(file: Path) -> list[Root]:
    """Return the root spans in a file of a traced system, none if there is no file."""
    records = map(json.loads, file.read_text(encoding="utf-8").splitlines()) if file.exists() else ()
    return [
        [Span(**span, service=record["service"], process=record["process"]) for span in record["spans"]]
        for record in records
    ]


def with_parents(roots: Sequence[Root]) -> Iterator[tuple[Root, set[str]]]:
    """Yield each root span with the ids of the spans that caused it. A job was caused by the request that added it."""
    added = {job: id for root in roots if root[0].kind == "request" for job, id in _jobs_of(root)}
    for root in roots:
        top = root[0]
        jobs = _jobs_of(root) if top.kind == "background" else ()
        parents = {top.parent, *top.links, *(added.get(job) for job, _ in jobs)}
        yield root, {parent for parent in parents if parent}


class Forest:
    """All spans of one side, by parent."""

    def __init__(self, roots: Sequence[Root]) -> None:
        self._below: dict[str, list[Span]] = defaultdict(list)
        for root, parents in with_parents(roots):
            for parent in parents:
                self._below[parent].append(root[0])
            for span in root[1:]:
                self._below[str(span.parent)].append(span)

    def until_answer(self, span_id: str) -> list[Span]:
        """Return the spans directly below a span that were waited for, by their starts."""
        return [span for span in self._sorted(span_id) if span.is_waited_for]

    def afterwards(self, span_id: str) -> list[tuple[int, Span]]:
        """Return all spans below a span that were not waited for, each once, with its depth."""
        later: dict[str, tuple[int, Span]] = {}
        self._gather(span_id, 0, later, waited=True)
        return list(later.values())

    def _gather(self, span_id: str, depth: int, later: dict[str, tuple[int, Span]], *, waited: bool) -> None:
        for span in self._sorted(span_id):
            still = waited and span.is_waited_for
            if not still and span.id in later:
                continue
            if not still:
                later[span.id] = depth, span
            self._gather(span.id, depth + (not still), later, waited=still)

    def _sorted(self, span_id: str) -> list[Span]:
        return sorted(self._below.get(span_id, []), key=lambda span: span.start_ns)


def _jobs_of(root: Root) -> Iterator[tuple[str, str]]:
    """Yield the hashed ids of the monolith's jobs in a root, each with its span."""
    return ((job, span.id) for span in root[1:] for job in span.links)
