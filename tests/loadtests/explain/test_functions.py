"""A trace follows a request through every kind of trigger, from function to function."""

from collections.abc import Callable

import pytest

from tests.contract.client import Api, Person
from tests.contract.images import png

from .traced_systems import SENT, TRACE, TracedSystem, all_spans, assert_no_sent_value_is_written, roots, services

Act = Callable[[Api, Person, str], object]

TRAVELS: dict[str, tuple[Act, set[str]]] = {
    "a stream, a topic and a queue, of a post": (
        lambda api, ada, post: api.published(ada, title="A cat", body="and a dog"),
        {
            "platform-authorizer",
            "posts-http",
            "posts-event-relay",
            "search-projection",
            "votes-post-events",
            "live-broadcast",
        },
    ),
    "a stream, a topic and a queue, of a vote": (
        lambda api, ada, post: api.cast(ada, post, value=1),
        {"platform-authorizer", "votes-http", "votes-projection", "live-broadcast", "posts-scores"},
    ),
    "the saga of an order": (
        lambda api, ada, post: api.place(ada, {"sku": "boost-1d", "post_id": post, "quantity": 1}, key="a key"),
        {"platform-authorizer", "orders-http", "orders-event-relay", "users-credits", "orders-saga", "posts-boosts"},
    ),
    "Kinesis, of a view": (lambda api, ada, post: api.read_post(post), {"posts-http", "trending-projection"}),
    "S3, of a picture": (
        lambda api, ada, post: api.upload_avatar(ada, png()),
        {"platform-authorizer", "avatars-http", "avatars-thumbnails"},
    ),
}


@pytest.fixture(scope="module")
def ada(functions: TracedSystem) -> Person:
    return functions.api.join("ada")


@pytest.fixture
def post(functions: TracedSystem, ada: Person) -> str:
    return str(functions.api.published(ada, title="Seen", body="before")["id"])


@pytest.mark.parametrize("way", TRAVELS)
def test_a_trigger_carries_the_trace(functions: TracedSystem, ada: Person, post: str, way: str) -> None:
    act, reached = TRAVELS[way]
    with functions.traced() as trace:
        act(functions.api, ada, post)
    assert services(functions.lines(), trace) >= reached


def test_a_direct_invocation_carries_the_trace(functions: TracedSystem, ada: Person, post: str) -> None:
    with functions.traced() as trace:
        functions.api.withdraw(ada, post)
    called = [
        root for root in roots(functions.lines()) if root["trace"] == trace and root["service"] == "votes-post-events"
    ]
    assert [root["spans"][0]["name"] for root in called] == ["call"]


def test_a_functions_spans_are_below_the_span_that_invoked_it(functions: TracedSystem, ada: Person, post: str) -> None:
    with functions.traced() as trace:
        functions.api.cast(ada, post, value=1)
    written = [root for root in roots(functions.lines()) if root["trace"] == trace]
    known = {span["id"]: span for root in written for span in root["spans"]}
    (scored,) = (root["spans"][0] for root in written if root["service"] == "posts-scores")
    published = known[scored["parent"]]
    assert published["name"] == "sns Publish"
    projected = known[published["parent"]]
    assert (projected["name"], known[projected["parent"]]["name"]) == ("stream", "dynamodb PutItem")


@pytest.mark.parametrize("sent", [SENT.upper(), SENT[:-1]])
def test_an_invalid_traceparent_starts_a_new_trace(functions: TracedSystem, post: str, sent: str) -> None:
    before = len(functions.lines())
    with functions.sending(sent):
        assert functions.api.read_post(post).status_code == 200
    began = roots(functions.lines()[before:])
    assert TRACE not in {root["trace"] for root in began}
    (top,) = (root["spans"][0] for root in began if root["spans"][0]["name"] == "GET /posts/{post_id}")
    assert top["parent"] is None


def test_a_store_call_has_its_units_its_bytes_and_its_line(functions: TracedSystem, post: str) -> None:
    with functions.traced() as trace:
        functions.api.read_post(post)
    ours = [root for root in roots(functions.lines()) if root["trace"] == trace]
    (root,) = (root for root in ours if root["spans"][0]["name"] == "GET /posts/{post_id}")
    assert root["spans"][0]["kind"] == "function"
    got = next(span for span in root["spans"] if span["kind"] == "store call")
    assert got["name"] == "dynamodb GetItem"
    assert (got["counts"]["rows"], got["counts"]["attempts"], got["counts"]["status"]) == (1, 1, 200)
    assert got["counts"]["units"] > 0
    assert got["counts"]["bytes_out"] > 0
    assert got["lines"][0].startswith("microservices/posts/store.py:")
    assert got["lines"][1].startswith("microservices/posts/routes.py:")


def test_spans_hold_nothing_that_a_client_sent(functions: TracedSystem) -> None:
    assert_no_sent_value_is_written(functions)
    assert {"dynamodb", "sns", "s3"} <= {span["name"].partition(" ")[0] for span in all_spans(functions.lines())}
