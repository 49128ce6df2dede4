"""The monolith buffers the views of requests, and a thread writes them. The flush belongs to all requests since the last one."""

import functools
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from loadtests.explain.hooks import replace_attribute, spans
from loadtests.explain.hooks.carriers import Traceparent
from loadtests.explain.hooks.spans import Write, line_of

_MOST = 1000  # traces of one flush


class Views(Protocol):
    """The view buffer of the monolith."""

    def record(self, view: Any) -> None: ...

    def flush(self) -> None: ...


@contextmanager
def installed(views: type[Views], *, service: str, write: Write) -> Iterator[None]:
    """Run each flush in a root span below the requests that recorded a view."""
    recorded: deque[Traceparent] = deque(maxlen=_MOST)
    line = line_of(views.flush.__code__, views.__module__)

    def traced_record(record: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
        @functools.wraps(record)
        def call(self: Views, view: Any) -> None:
            if sender := spans.traceparent():
                recorded.append(sender)
            record(self, view)

        return call

    def traced_flush(flush: Callable[[Any], None]) -> Callable[[Any], None]:
        @functools.wraps(flush)
        def call(self: Views) -> None:
            parents = [recorded.popleft() for _ in range(len(recorded))]
            if not parents:
                flush(self)
                return
            with spans.root("background", "views", service=service, write=write, parents=parents, lines=[line]):
                flush(self)

        return call

    with replace_attribute(views, "record", traced_record), replace_attribute(views, "flush", traced_flush):
        yield
