"""What a request leaves for later and a thread does for many at once belongs to all that left something since the last time."""

from collections import deque
from typing import Any, Protocol

from tracing import spans
from tracing.source_lines import line_of
from tracing.spans import Write
from tracing.traceparent import Traceparent


class Views(Protocol):
    """What counts in the memory of a process, on either side: requests note, a thread flushes."""

    def record(self, view: Any) -> None: ...

    def flush(self) -> None: ...


def follow(views: Views, *, service: str, write: Write) -> None:
    """Let what `flush` does go on with the traces in which something was noted since it last did."""
    noted: deque[Traceparent] = deque(maxlen=1000)
    record, flush = views.record, views.flush
    line = line_of(type(views).flush.__code__, type(views).__module__)

    def noting(view: Any) -> None:
        if sender := spans.sent():
            noted.append(sender)
        record(view)

    def flushing() -> None:
        parents = [noted.popleft() for _ in range(len(noted))]
        if not parents:
            flush()
            return
        with spans.root("background", "views", service=service, write=write, parents=parents, lines=[line]):
            flush()

    views.record, views.flush = noting, flushing  # type: ignore[method-assign]
