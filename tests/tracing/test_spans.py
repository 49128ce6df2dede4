"""Spans nest, end with what they are below, and leave together; where nothing is explained, a hook does nothing."""

import json
from threading import Thread

import pytest

from tracing import spans
from tracing.left_for_later import follow
from tracing.traceparent import read

from .told import SENT, SPAN, TRACE, roots


def test_a_span_is_below_the_one_that_is_open() -> None:
    told: list[str] = []
    with spans.root("request", "GET /posts", service="posts-http", write=told.append):
        outer = spans.begin("store call", "dynamodb Query")
        inner = spans.begin("serialising", "JSON out")
        spans.end(inner, bytes=7)
        spans.end(outer, rows=2)
        spans.end(spans.begin("serialising", "JSON out"))
    (root,) = roots(told)
    top, query, json_out, last = root["spans"]
    assert [query["parent"], json_out["parent"], last["parent"]] == [top["id"], query["id"], top["id"]]
    assert (query["counts"], json_out["counts"]) == ({"rows": 2}, {"bytes": 7})
    assert top["ms"] >= query["ms"] >= json_out["ms"] >= 0


def test_a_span_that_is_never_ended_ends_with_what_it_is_below_and_is_not_told() -> None:
    told: list[str] = []
    with spans.root("request", "any", service="any", write=told.append):
        outer = spans.begin("store call", "outer")
        spans.begin("store call", "lost")
        spans.end(outer)
    assert [span["name"] for span in roots(told)[0]["spans"]] == ["any", "outer"]


def test_where_nothing_is_explained_a_hook_does_nothing() -> None:
    assert spans.begin("store call", "any") is None
    assert spans.sent() is None
    spans.end(None)


def test_another_thread_is_not_within_the_request() -> None:
    found: list[object] = []
    with spans.root("request", "any", service="any", write=str):
        thread = Thread(target=lambda: found.append(spans.running()))
        thread.start()
        thread.join()
    assert found == [None]


def test_a_root_goes_on_with_the_first_that_sent_it_and_is_linked_to_the_others() -> None:
    first, other = read(SENT), read(SENT.replace(SPAN, "1" * 16))
    assert first is not None
    assert other is not None
    told: list[str] = []
    with spans.root("function", "queue", service="any", write=told.append, parents=[first, other, first]):
        assert str(spans.sent()).split("-")[1] == TRACE
    (root,) = roots(told)
    assert root["trace"] == TRACE
    assert (root["spans"][0]["parent"], root["spans"][0]["links"]) == (SPAN, ["1" * 16])


def test_a_root_is_told_also_where_it_fails() -> None:
    told: list[str] = []
    with pytest.raises(LookupError), spans.root("request", "any", service="any", write=told.append):
        spans.begin("store call", dict[str, str]()["what is not there"])
    assert len(roots(told)) == 1
    assert spans.running() is None


class Counter:
    """Counts in memory, as the views of both sides do."""

    def __init__(self) -> None:
        self.counted: list[str] = []
        self.kept: list[str] = []

    def note(self, view: str) -> None:
        self.counted.append(view)

    def flush(self) -> None:
        spans.end(spans.begin("statement", "INSERT views"))
        self.kept, self.counted = [*self.kept, *self.counted], []


def test_what_is_flushed_belongs_to_all_that_noted_something_since() -> None:
    told: list[str] = []
    views, senders = Counter(), []
    follow(views, service="any", write=told.append)
    for _ in range(2):
        with spans.root("request", "GET", service="any", write=str) as root:
            senders.append(root.top.id)
            views.record("a view")
    views.flush()
    views.flush()
    assert views.kept == ["a view"] * 2
    (flushed,) = roots(told)
    assert [flushed["spans"][0]["parent"], *flushed["spans"][0]["links"]] == senders
    assert [span["name"] for span in flushed["spans"]] == ["views", "INSERT views"]


def test_a_line_is_json_however_odd_a_name_is() -> None:
    told: list[str] = []
    with spans.root("request", 'a "name"\n', service="any", write=told.append):
        pass
    assert "\n" not in told[0]
    assert json.loads(told[0])["spans"][0]["name"] == 'a "name"\n'
