"""Spans: one piece of work each, with its start, its duration and its line of code. They never hold what a client sent.

A root span is a request, an event or a job. While it runs, hooks begin and end spans below it.
When it ends, it is written with all spans below it, as one line of JSON. Without a root span, hooks do nothing.
A root span counts its processor time without that of the hooks, and the bytes that it logs.
"""

import copy
import functools
import json
import linecache
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import CodeType, ModuleType
from typing import Any, ParamSpec, TypeVar

from loadtests.explain.hooks.traceparent import Traceparent, new_span, new_trace

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
Write = Callable[[str], None]
Count = int | float | bool

_dumps = json.dumps  # the hooks replace it by a function that makes spans
_NANOSECONDS = 1_000_000
_SYSTEMS = ("microservices.", "monolith.", "shared_domain.")
_WRAPPERS = ("microservices.conflicts", "monolith.concurrency_limit")  # these only call other code
_MOST_LINES = 5


@dataclass(slots=True, kw_only=True)
class Span:
    """One piece of work. counts: bytes, rows, units. lines: of the systems' code, the innermost first."""

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
    """A root span with the spans below it. It continues the trace of its first parent and links to the others."""

    def __init__(self, kind: str, name: str, *, parents: Sequence[Traceparent] = (), lines: Sequence[str] = ()) -> None:
        self.trace = parents[0].trace if parents else new_trace()
        links = dict.fromkeys(each.span for each in parents[1:] if each.span != parents[0].span)
        parent = parents[0].span if parents else None
        self.top = Span(id=new_span(), parent=parent, kind=kind, name=name, lines=list(lines), links=list(links))
        self.spans = [self.top]
        self.open = [self.top]
        self.cpu_ns = 0
        self.hooks_ns = 0  # part of cpu_ns
        self.in_hook = False
        self.log_bytes = 0
        self.branches: list[Root] = []

    def branch(self) -> "Root":
        """Return a view of this root for another thread: its spans are below the span that is open now."""
        own = copy.copy(self)
        own.open, own.cpu_ns, own.hooks_ns, own.in_hook, own.log_bytes = [self.open[-1]], 0, 0, False, 0
        self.branches.append(own)
        return own

    def counts(self) -> dict[str, Count]:
        """Return the processor time without the hooks, in milliseconds, and the bytes of log, of all threads."""
        threads = (self, *self.branches)
        cpu_ns = sum(each.cpu_ns - each.hooks_ns for each in threads)
        return {"cpu_ms": round(cpu_ns / _NANOSECONDS, 4), "log_bytes": sum(each.log_bytes for each in threads)}

    def continue_trace(self, parent: Traceparent) -> None:
        """Set the parent, unless there is one."""
        if self.top.parent is None:
            self.trace, self.top.parent = parent.trace, parent.span

    def to_json(self, service: str) -> str:
        """Return all spans that have ended as one line of JSON."""
        ended = [_fields(span) for span in self.spans if span.took_ns >= 0]
        return _dumps({"spans": ended, "trace": self.trace, "service": service, "process": os.getpid()})


_running: ContextVar[Root | None] = ContextVar("running", default=None)


def running() -> Root | None:
    """Return the root span of this thread, or None."""
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
    """Run the block in a new root span, then write it if `worth` returns true."""
    own = Root(kind, name, parents=parents, lines=lines)
    try:
        with run_in(own):
            yield own
    finally:
        if worth(own):
            write(own.to_json(service))


@contextmanager
def run_in(own: Root) -> Iterator[None]:
    """Run the block in a root span, and end the span with it."""
    try:
        with _counting(own):
            yield
    finally:
        _close(own.top)
        own.top.counts |= own.counts()


@contextmanager
def _counting(own: Root) -> Iterator[None]:
    before, began_ns = _running.set(own), time.thread_time_ns()
    try:
        yield
    finally:
        own.cpu_ns += time.thread_time_ns() - began_ns
        _running.reset(before)


def in_this_root(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Return a function that another thread can call: what it does belongs to the root span that runs now."""
    running = _running.get()
    if running is None:
        return function
    branch = running.branch()

    def call(*arguments: Parameters.args, **options: Parameters.kwargs) -> Result:
        with _counting(branch):
            return function(*arguments, **options)

    return call


def hook(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Leave the processor time of a hook out of its root span's."""

    @functools.wraps(function)
    def call(*arguments: Parameters.args, **options: Parameters.kwargs) -> Result:
        running = _running.get()
        if running is None or running.in_hook:
            return function(*arguments, **options)
        running.in_hook, began_ns = True, time.thread_time_ns()
        try:
            return function(*arguments, **options)
        finally:
            running.in_hook = False
            running.hooks_ns += time.thread_time_ns() - began_ns

    return call


@hook
def begin(kind: str, name: str) -> Span | None:
    """Begin a span below the open one. Return None if no root span runs."""
    running = _running.get()
    if running is None:
        return None
    span = Span(id=new_span(), parent=running.open[-1].id, kind=kind, name=name, lines=calling_lines())
    running.spans.append(span)
    running.open.append(span)
    return span


@hook
def end(span: Span | None, **counts: Count) -> None:
    """End a span. Spans below it that are still open are dropped."""
    running = _running.get()
    if span is None or running is None or span not in running.open:
        return
    _close(span)
    span.counts |= counts
    del running.open[running.open.index(span) :]


def traceparent() -> Traceparent | None:
    """Return the traceparent for a message that is sent now, or None if no root span runs."""
    running = _running.get()
    return None if running is None else Traceparent(running.trace, running.open[-1].id)


def calling_lines() -> list[str]:
    """Return the lines of the systems' code on the stack, e.g. `monolith/posts/store.py:105`, the innermost first."""
    lines: list[str] = []
    frame = sys._getframe(1)
    while frame is not None and len(lines) < _MOST_LINES:
        module = str(frame.f_globals.get("__name__", ""))
        if module.startswith(_SYSTEMS) and not module.startswith(_WRAPPERS):
            lines.append(_line(module, frame.f_lineno))
        frame = frame.f_back  # type: ignore[assignment]
    return lines


def line_of(code: CodeType, module: str) -> str:
    """Return the line where a function of a module begins."""
    return _line(module, code.co_firstlineno)


def line_in(module: ModuleType, name: str) -> str:
    """Return the line where a module defines a name, or its first line."""
    definition = re.compile(rf"(def )?{re.escape(name)}\b")
    lines = linecache.getlines(str(module.__file__))
    return _line(module.__name__, next((at for at, line in enumerate(lines, 1) if definition.match(line)), 1))


def _line(module: str, number: int) -> str:
    return f"{module.replace('.', '/')}.py:{number}"


def _close(span: Span) -> None:
    span.took_ns = time.perf_counter_ns() - span.began_ns


def _fields(span: Span) -> dict[str, Any]:
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
