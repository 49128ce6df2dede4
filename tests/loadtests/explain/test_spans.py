"""Spans nest, end with their parent and are written together. Without a root span, a hook does nothing."""

import json
from threading import Thread

import pytest

from loadtests.explain.hooks import buffered_views, spans
from loadtests.explain.hooks.carriers import parse

from .traced_systems import SENT, SPAN, TRACE, roots


def test_a_span_is_below_the_one_that_is_open() -> None:
    lines: list[str] = []
    with spans.root("request", "GET /posts", service="posts-http", write=lines.append):
        outer = spans.begin("store call", "dynamodb Query")
        inner = spans.begin("transaction", "COMMIT")
        spans.end(inner, bytes=7)
        spans.end(outer, rows=2)
        spans.end(spans.begin("transaction", "COMMIT"))
    (root,) = roots(lines)
    top, query, commit, last = root["spans"]
    assert [query["parent"], commit["parent"], last["parent"]] == [top["id"], query["id"], top["id"]]
    assert (query["counts"], commit["counts"]) == ({"rows": 2}, {"bytes": 7})
    assert top["ms"] >= query["ms"] >= commit["ms"] >= 0


def test_a_span_that_is_never_ended_is_not_written() -> None:
    lines: list[str] = []
    with spans.root("request", "any", service="any", write=lines.append):
        outer = spans.begin("store call", "outer")
        spans.begin("store call", "lost")
        spans.end(outer)
    assert [span["name"] for span in roots(lines)[0]["spans"]] == ["any", "outer"]


def test_without_a_root_span_a_hook_does_nothing() -> None:
    assert spans.begin("store call", "any") is None
    assert spans.traceparent() is None
    spans.end(None)


def test_another_thread_is_not_part_of_the_request() -> None:
    roots: list[object] = []
    with spans.root("request", "any", service="any", write=str):
        thread = Thread(target=lambda: roots.append(spans.running()))
        thread.start()
        thread.join()
    assert roots == [None]


def test_a_root_span_continues_its_first_parent_and_links_to_the_others() -> None:
    first, other = parse(SENT), parse(SENT.replace(SPAN, "1" * 16))
    assert first is not None
    assert other is not None
    lines: list[str] = []
    with spans.root("function", "queue", service="any", write=lines.append, parents=[first, other, first]):
        assert str(spans.traceparent()).split("-")[1] == TRACE
    (root,) = roots(lines)
    assert root["trace"] == TRACE
    assert (root["spans"][0]["parent"], root["spans"][0]["links"]) == (SPAN, ["1" * 16])


def test_a_root_span_is_written_also_when_it_fails() -> None:
    lines: list[str] = []
    with pytest.raises(LookupError), spans.root("request", "any", service="any", write=lines.append):
        spans.begin("store call", dict[str, str]()["what is not there"])
    assert len(roots(lines)) == 1
    assert spans.running() is None


class Counter:
    """Count in memory, as the views of both sides do."""

    def __init__(self) -> None:
        self.counted: list[str] = []
        self.kept: list[str] = []

    def record(self, view: str) -> None:
        self.counted.append(view)

    def flush(self) -> None:
        spans.end(spans.begin("statement", "INSERT views"))
        self.kept, self.counted = [*self.kept, *self.counted], []


def test_a_flush_belongs_to_all_requests_that_recorded_a_view() -> None:
    lines: list[str] = []
    views, senders = Counter(), []
    with buffered_views.installed(Counter, service="any", write=lines.append):
        for _ in range(2):
            with spans.root("request", "GET", service="any", write=str) as root:
                senders.append(root.top.id)
                views.record("a view")
        views.flush()
        views.flush()
    assert views.kept == ["a view"] * 2
    (flushed,) = roots(lines)
    assert [flushed["spans"][0]["parent"], *flushed["spans"][0]["links"]] == senders
    assert [span["name"] for span in flushed["spans"]] == ["views", "INSERT views"]


def test_a_line_is_json_for_any_name() -> None:
    lines: list[str] = []
    with spans.root("request", 'a "name"\n', service="any", write=lines.append):
        pass
    assert "\n" not in lines[0]
    assert json.loads(lines[0])["spans"][0]["name"] == 'a "name"\n'
