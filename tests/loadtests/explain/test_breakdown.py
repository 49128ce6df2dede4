"""The spans of hand-written traces become trees and parts."""

import pytest

from loadtests.explain.breakdown import answering, parts
from loadtests.explain.hooks.carriers import Traceparent
from loadtests.explain.traces import (
    AUTHORIZER,
    COLD,
    GATEWAY,
    HOPS,
    OWN,
    STORES,
    TRANSACTION,
    Forest,
    Root,
    Span,
    TimedCall,
    read_spans,
)

START_NS = 1_000_000_000
CALL = TimedCall(
    operation="GET /any", sender=Traceparent("1" * 32, "c" * 16), start_ns=START_NS, ms=100.0, bytes_in=0, bytes_out=0
)  # fmt: skip


def span(
    id: str, parent: str | None, kind: str, *, at: float, ms: float, name: str = "any", links: tuple[str, ...] = ()
) -> Span:
    return Span(
        id=id, parent=parent, links=list(links), kind=kind, name=name, start_ns=START_NS + round(at * 1e6), ms=ms, lines=[],
        counts={}, service="any",
    )  # fmt: skip


def a_call(*more: Root) -> Forest:
    """Return the spans of a call of 100 ms: gateway 10, authorizer 20, gateway 5, function 50, gateway 15."""
    authorizer = [
        span("a", CALL.sender.span, "function", at=10, ms=20, name="authorizer"),
        span("a1", "a", "store call", at=12, ms=6),
    ]
    function = [
        span("f", CALL.sender.span, "function", at=35, ms=50, name="GET /any"),
        span("f1", "f", "store call", at=40, ms=20),
        span("f2", "f1", "transaction", at=41, ms=1),
        span("f3", "f", "store call", at=62, ms=10, name="lambda Invoke"),
    ]
    called = [span("i", "f3", "function", at=64, ms=7, name="call")]
    return Forest([authorizer, function, called, *more])


def test_the_parts_are_the_self_times_and_the_gaps() -> None:
    assert parts(CALL, a_call()) == pytest.approx(
        {GATEWAY: 10 + 5 + 15, AUTHORIZER: 20, OWN: 50 - 20 - 10 + 7, STORES: 19, TRANSACTION: 1, HOPS: 3}
    )


def test_the_parts_add_up_to_the_whole() -> None:
    assert sum(parts(CALL, a_call()).values()) == pytest.approx(CALL.ms)


def test_all_time_of_a_call_without_spans_is_the_gateways() -> None:
    assert parts(CALL, Forest([])) == {GATEWAY: 100.0}


def test_a_cold_start_is_a_part_of_its_own() -> None:
    cold = [span("s", CALL.sender.span, "cold start", at=30, ms=4, name="GET /any")]
    times = parts(CALL, a_call(cold))
    assert (times[COLD], times[GATEWAY]) == (pytest.approx(4), pytest.approx(26))


def test_asynchronous_work_is_no_part_and_is_listed_once() -> None:
    stream = [span("t", "f1", "function", at=70, ms=500, name="stream"), span("t1", "t", "store call", at=80, ms=5)]
    queue = [span("q", "t1", "function", at=600, ms=9, name="queue", links=("f1",))]
    forest = a_call(stream, queue)
    assert parts(CALL, forest) == parts(CALL, a_call())
    assert [(depth, one.id) for depth, one in forest.afterwards(CALL.sender.span)] == [(0, "t"), (1, "t1"), (2, "q")]
    assert "t" not in {work.span.id for work in answering(CALL.sender.span, forest)}


def test_a_batch_is_below_all_its_senders() -> None:
    other = span("o", "another call", "request", at=0, ms=1)
    batch = [span("b", "f1", "function", at=200, ms=9, name="queue", links=("o",))]
    forest = a_call([other], batch)
    assert [one.id for _, one in forest.afterwards("another call")] == ["b"]
    assert "b" in {one.id for _, one in forest.afterwards(CALL.sender.span)}


def test_a_job_is_below_the_request_that_added_it() -> None:
    request = [
        span("r", CALL.sender.span, "request", at=5, ms=9),
        span("r1", "r", "statement", at=6, ms=1, name="INSERT jobs", links=("task",)),
    ]
    job = [
        span("j", None, "background", at=150, ms=9),
        span("j1", "j", "statement", at=151, ms=1, name="SELECT jobs", links=("task",)),
    ]
    strange = [
        span("x", None, "background", at=150, ms=9),
        span("x1", "x", "statement", at=151, ms=1, links=("another task",)),
    ]
    later = Forest([request, job, strange]).afterwards(CALL.sender.span)
    assert [one.id for _, one in later] == ["j", "j1"]


def test_a_system_without_a_file_has_no_spans(tmp_path) -> None:  # type: ignore[no-untyped-def]
    assert read_spans(tmp_path / "spans.jsonl") == []
