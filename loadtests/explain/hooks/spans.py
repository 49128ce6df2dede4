"""Spans: one piece of work each, with its start, its duration and its line of code. They never hold what a client sent.

A root span is a request, an event or a job. While it runs, hooks begin and end spans below it.
When it ends, it is written with all spans below it, as one line of JSON. Without a root span, hooks do nothing.
A root span counts its processor time without that of the hooks, and the bytes that it logs.
"""

import functools
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType
from typing import Any, ParamSpec, TypeVar

from loadtests.explain.hooks import replace_attribute
from loadtests.explain.hooks.carriers import Traceparent, new_span, new_trace

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
Write = Callable[[str], None]
Count = int | float | bool

_NANOSECONDS = 1_000_000
_SYSTEMS = ("microservices.", "monolith.", "shared_domain.")
_WRAPPERS = ("microservices.conflicts", "monolith.concurrency_limit")  # these only call other code
_MOST_LINES = 5


@dataclass(slots=True, kw_only=True)
class Span:
    """One piece of work. above: its parent in this process. counts: bytes, rows, units. lines: of the systems' code, the
    innermost first."""

    parent: str | None
    kind: str
    name: str
    lines: list[str]
    above: "Span | None" = None
    id: str = field(default_factory=new_span)
    counts: dict[str, Count] = field(default_factory=dict)
    links: list[str] = field(default_factory=list)
    start_ns: int = field(default_factory=time.time_ns)
    began_ns: int = field(default_factory=time.perf_counter_ns)
    took_ns: int = -1

    def close(self) -> None:
        """End the span now."""
        self.took_ns = time.perf_counter_ns() - self.began_ns

    def to_fields(self) -> dict[str, Any]:
        """Return the span as it is written."""
        names = ("id", "parent", "links", "kind", "name", "start_ns", "lines", "counts")
        return {**{name: getattr(self, name) for name in names}, "ms": round(self.took_ns / _NANOSECONDS, 4)}


class Root:
    """A root span with the spans below it. It continues the trace of its first parent and links to the others.

    cpu_ns: processor times of all its threads, those of hooks negative.
    """

    def __init__(self, kind: str, name: str, *, parents: Sequence[Traceparent] = (), lines: Sequence[str] = ()) -> None:
        self.trace = parents[0].trace if parents else new_trace()
        links = dict.fromkeys(each.span for each in parents[1:] if each.span != parents[0].span)
        parent = parents[0].span if parents else None
        self.top = Span(parent=parent, kind=kind, name=name, lines=list(lines), links=list(links))
        self.spans = [self.top]
        self.cpu_ns: list[int] = []
        self.log_bytes = 0

    def continue_trace(self, parent: Traceparent) -> None:
        """Set the parent, unless there is one."""
        if self.top.parent is None:
            self.trace, self.top.parent = parent.trace, parent.span

    def to_json(self, service: str) -> str:
        """Return all spans that have ended as one line of JSON."""
        ended = [span.to_fields() for span in self.spans if span.took_ns >= 0]
        return json.dumps({"spans": ended, "trace": self.trace, "service": service, "process": os.getpid()})


_open: ContextVar[tuple[Root, Span] | None] = ContextVar("open", default=None)
_in_hook: ContextVar[bool] = ContextVar("in_hook", default=False)


def running() -> Root | None:
    """Return the root span of this thread, or None."""
    here = _open.get()
    return here and here[0]


def current() -> Span | None:
    """Return the span that is open in this thread, or None."""
    here = _open.get()
    return here and here[1]


def append_to(file: Path) -> Write:
    """Return a function that appends a line to a file. Several processes may write: each line is one write."""

    def write(line: str) -> None:
        with file.open("ab") as opened:
            opened.write(f"{line}\n".encode())

    return write


@contextmanager
def root(
    kind: str,
    name: str,
    *,
    service: str,
    write: Write,
    parents: Sequence[Traceparent] = (),
    lines: Sequence[str] = (),
) -> Iterator[Root]:
    """Run the block in a new root span, then write it."""
    own = Root(kind, name, parents=parents, lines=lines)
    try:
        with run_in(own):
            yield own
    finally:
        write(own.to_json(service))


@contextmanager
def run_in(own: Root) -> Iterator[None]:
    """Run the block in a root span, and end the span with it."""
    before = _open.set((own, own.top))
    try:
        with _counting(own):
            yield
    finally:
        _open.reset(before)
        own.top.close()
        own.top.counts |= {"cpu_ms": round(sum(own.cpu_ns) / _NANOSECONDS, 4), "log_bytes": own.log_bytes}


@contextmanager
def pools_traced() -> Iterator[None]:
    """Run each task of a thread pool in the span that submits it, while the block lasts."""

    def in_this_span(submit: Callable[..., Future[Any]]) -> Callable[..., Future[Any]]:
        def call(pool: ThreadPoolExecutor, task: Callable[..., Any], /, *arguments: Any, **options: Any) -> Future[Any]:
            return submit(pool, copy_context().run, _counted, task, *arguments, **options)

        return call

    with replace_attribute(ThreadPoolExecutor, "submit", in_this_span):
        yield


class CountedOutput:
    """A text stream that adds the bytes of each text to the root span that writes it."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write and count a text."""
        if root := running():
            root.log_bytes += len(text.encode())
        return int(self._stream.write(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def hook(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Leave the processor time of a hook out of its root span's."""

    @functools.wraps(function)
    def call(*arguments: Parameters.args, **options: Parameters.kwargs) -> Result:
        root = running()
        if root is None or _in_hook.get():
            return function(*arguments, **options)
        outside, began_ns = _in_hook.set(True), time.thread_time_ns()
        try:
            return function(*arguments, **options)
        finally:
            _in_hook.reset(outside)
            root.cpu_ns.append(began_ns - time.thread_time_ns())

    return call


@hook
def begin(kind: str, name: str) -> Span | None:
    """Begin a span below the open one. Return None if no root span runs."""
    here = _open.get()
    if here is None:
        return None
    root, above = here
    span = Span(parent=above.id, kind=kind, name=name, lines=calling_lines(), above=above)
    root.spans.append(span)
    _open.set((root, span))
    return span


@hook
def end(span: Span | None, **counts: Count) -> None:
    """End a span. Spans below it that are still open are dropped."""
    root = running()
    if span is None or root is None or span.above is None or span.took_ns >= 0:
        return
    span.close()
    span.counts |= counts
    _open.set((root, span.above))


def traceparent() -> Traceparent | None:
    """Return the traceparent for a message that is sent now, or None if no root span runs."""
    here = _open.get()
    return None if here is None else Traceparent(here[0].trace, here[1].id)


def calling_lines() -> list[str]:
    """Return the lines of the systems' code on the stack, e.g. `monolith/posts/store.py:105`, the innermost first."""
    lines: list[str] = []
    frame = sys._getframe(1)
    while frame is not None and len(lines) < _MOST_LINES:
        module = str(frame.f_globals.get("__name__", ""))
        if module.startswith(_SYSTEMS) and not module.startswith(_WRAPPERS):
            lines.append(line(module, frame.f_lineno))
        frame = frame.f_back  # type: ignore[assignment]
    return lines


def line_of(code: CodeType, module: str) -> str:
    """Return the line where a function of a module begins."""
    return line(module, code.co_firstlineno)


def line(module: str, number: int) -> str:
    """Return a line of a module, such as `monolith/posts/store.py:105`."""
    return f"{module.replace('.', '/')}.py:{number}"


def _counted(task: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Call a task in another thread than its root span's, and count its processor time there."""
    root = running()
    if root is None:
        return task(*arguments, **options)
    with _counting(root):
        return task(*arguments, **options)


@contextmanager
def _counting(root: Root) -> Iterator[None]:
    began_ns = time.thread_time_ns()
    try:
        yield
    finally:
        root.cpu_ns.append(time.thread_time_ns() - began_ns)
