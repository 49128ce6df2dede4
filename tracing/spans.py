"""Spans: what was done, when, for how long, by which line. They hold names, counts, sizes and lines, and nothing that anybody sent.

A root is what woke a process or a thread: a request, an event, a job. While one runs, hooks begin and end spans below it; at its
end all leave at once, as a line of JSON. Where no root runs, a hook does nothing.
"""

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from tracing.source_lines import calling_lines
from tracing.traceparent import Traceparent, new_span, new_trace

Write = Callable[[str], None]
Count = int | float | bool

_dumps = json.dumps  # the hooks replace it by one that counts
_NANOSECONDS = 1_000_000


@dataclass(slots=True, kw_only=True)
class Span:
    """What was done. kind: what sort of thing, name: which. counts: bytes, rows, units. lines: of ours, the innermost first."""

    id: str
    parent: str | None
    kind: str
    name: str
    lines: list[str]
    counts: dict[str, Count] = field(default_factory=dict)
    links: list[str] = field(default_factory=list)
    start_ns: int = field(default_factory=time.time_ns)
    began_ns: int = field(default_factory=time.perf_counter_ns)
    took_ns: int = -1


class Root:
    """What runs, with the spans below it. Parents: what sent it, the first of which it goes on with, in whose trace."""

    def __init__(self, kind: str, name: str, *, parents: Sequence[Traceparent], lines: Sequence[str]) -> None:
        self.trace = parents[0].trace if parents else new_trace()
        links = [each.span for each in parents[1:] if each.span != parents[0].span]
        top = Span(id=new_span(), parent=parents[0].span if parents else None, kind=kind, name=name, lines=list(lines))
        top.links = list(dict.fromkeys(links))
        self.top = top
        self.spans = [top]
        self.open = [top]

    def adopt(self, parent: Traceparent) -> None:
        """Go on with a trace of which only now it is known that it goes on here."""
        if self.top.parent is None:
            self.trace, self.top.parent = parent.trace, parent.span

    def written(self, service: str) -> str:
        """Return all spans as a line of JSON."""
        told = [_told(span) for span in self.spans if span.took_ns >= 0]
        return _dumps({"spans": told, "trace": self.trace, "service": service, "process": os.getpid()})


_running: ContextVar[Root | None] = ContextVar("running", default=None)


def running() -> Root | None:
    """Return what runs in this thread, None where nothing that is explained does."""
    return _running.get()


@contextmanager
def root(
    kind: str,
    name: str,
    *,
    service: str,
    write: Write,
    parents: Sequence[Traceparent] = (),
    lines: Sequence[str] = (),
    worth: Callable[[Root], bool] = bool,
) -> Iterator[Root]:
    """Let hooks add spans while the block lasts, then write all of them, if they are worth it."""
    own = Root(kind, name, parents=parents, lines=lines)
    try:
        with within(own):
            yield own
    finally:
        if worth(own):
            write(own.written(service))


@contextmanager
def within(own: Root) -> Iterator[None]:
    """Let hooks add spans to a root while the block lasts, at the end of which it ends."""
    before = _running.set(own)
    try:
        yield
    finally:
        _running.reset(before)
        _close(own.top)


def begin(kind: str, name: str) -> Span | None:
    """Begin a span below what runs, at the line of ours that asks for it; None where nothing that is explained runs."""
    running = _running.get()
    if running is None:
        return None
    span = Span(id=new_span(), parent=running.open[-1].id, kind=kind, name=name, lines=calling_lines())
    running.spans.append(span)
    running.open.append(span)
    return span


def end(span: Span | None, **counts: Count) -> None:
    """End a span, and whatever was begun below it and never ended."""
    running = _running.get()
    if span is None or running is None or span not in running.open:
        return
    _close(span)
    span.counts |= counts
    del running.open[running.open.index(span) :]


def sent() -> Traceparent | None:
    """Return what a message says that is sent now: it belongs to the span that is open. None where nothing is explained."""
    running = _running.get()
    return None if running is None else Traceparent(running.trace, running.open[-1].id)


def _close(span: Span) -> None:
    span.took_ns = time.perf_counter_ns() - span.began_ns


def _told(span: Span) -> dict[str, Any]:
    return {
        "id": span.id,
        "parent": span.parent,
        "links": span.links,
        "kind": span.kind,
        "name": span.name,
        "start_ns": span.start_ns,
        "ms": round(span.took_ns / _NANOSECONDS, 4),
        "lines": span.lines,
        "counts": span.counts,
    }
