"""Spans become trees: below each call what it caused, until its answer and afterwards."""

from collections.abc import Iterator, Sequence

from loadtests.explain.telling import Root, Span

# How functions are named that events woke.
ASYNCHRONOUS = {"stream", "queue", "topic", "views", "object", "push", "event"}


class Forest:
    """All spans of one side, by what they are below."""

    def __init__(self, roots: Sequence[Root]) -> None:
        self._below: dict[str, list[Span]] = {}
        self._afterwards: set[str] = set()
        left = {task: id for root in roots if root[0].kind == "request" for task, id in _tasks(root)}
        for root in roots:
            top = root[0]
            takes = {left[task] for task, _ in _tasks(root) if task in left} if top.kind == "background" else set()
            for above in {top.parent, *top.links, *takes} - {None}:
                self._below.setdefault(str(above), []).append(top)
            for span in root[1:]:
                self._below.setdefault(str(span.parent), []).append(span)
            if top.kind == "background" or top.name in ASYNCHRONOUS:
                self._afterwards.add(top.id)

    def until_answer(self, span_id: str) -> list[Span]:
        """Return what is directly below a span and was waited for, in the order of its starts."""
        return [span for span in self._sorted(span_id) if span.id not in self._afterwards]

    def afterwards(self, span_id: str) -> list[tuple[int, Span]]:
        """Return all below a span that nobody waited for, each once and with its depth."""
        found: dict[str, tuple[int, Span]] = {}
        self._gather(span_id, 0, found, waited=True)
        return list(found.values())

    def _gather(self, span_id: str, depth: int, found: dict[str, tuple[int, Span]], *, waited: bool) -> None:
        for span in self._sorted(span_id):
            still = waited and span.id not in self._afterwards
            if not still and span.id in found:
                continue
            if not still:
                found[span.id] = depth, span
            self._gather(span.id, depth + (not still), found, waited=still)

    def _sorted(self, span_id: str) -> list[Span]:
        return sorted(self._below.get(span_id, []), key=lambda span: span.start_ns)


def _tasks(root: Root) -> Iterator[tuple[str, str]]:
    """Yield the tasks of the monolith's jobs that a root names, each with the span that does."""
    return ((task, span.id) for span in root[1:] for task in span.links)
