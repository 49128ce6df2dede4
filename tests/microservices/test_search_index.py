"""The index is what posts last told, however its stream is delivered."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import count
from typing import Any

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from microservices.deploy import templates
from microservices.post_item import post_item, post_key
from microservices.search.projection import apply_record
from microservices.search.store import DynamoIndex
from microservices.search.writer import WITHDRAWN_RETENTION, IndexWriter
from microservices.streams import Record
from shared_domain.posts import Post, compose
from tests.dynamodb_table import make_table
from tests.moto_aws import aws_in_process

POST = "01M7X1YXN3SBB3DZEFS5FNXBMV"
NOW = datetime(2026, 1, 2, tzinfo=UTC)
WORDS = ("cat", "dog", "bird", "fish")
EXAMPLES = 100


def post(body: str) -> Post:
    return compose(id=POST, author="ada", title="Title", body=body, now=NOW)


def record(place: int, body: str | None) -> Record:
    """What the posts table's stream says of the post with a body, or of its withdrawal (None)."""
    image = {} if body is None else {"NewImage": post_item(post(body))}
    name = "REMOVE" if body is None else "MODIFY"
    return {"eventName": name, "dynamodb": {"Keys": post_key(POST), "SequenceNumber": str(place), **image}}


class Index:
    """The index with its writer, on one table."""

    def __init__(self, dynamodb: Any, table: str) -> None:
        make_table(dynamodb, table)
        self.events = dynamodb.meta.events
        self.writer = IndexWriter(dynamodb, table)
        self.find = DynamoIndex(dynamodb, table).find


@pytest.fixture
def store() -> Iterator[Index]:
    with aws_in_process():
        yield Index(boto3.client("dynamodb", region_name="us-east-1"), "search")


def hear(store: Index, *records: Record) -> None:
    for each in records:
        apply_record(store.writer, each, now=lambda: NOW)


@contextmanager
def ending_at(store: Index, call: int) -> Iterator[None]:
    """End the function at its n-th call of the table."""
    calls = count(1)

    def end(**_: object) -> None:
        if next(calls) == call:
            raise KeyboardInterrupt("the function ends here")

    store.events.register("before-call.dynamodb", end)
    try:
        yield
    finally:
        store.events.unregister("before-call.dynamodb", end)


@contextmanager
def meanwhile(store: Index, call: int, happens: Callable[[], None]) -> Iterator[None]:
    """Let something happen before a function's n-th call of the table."""
    calls = count(1)

    def at(**_: object) -> None:
        if next(calls) == call:
            happens()

    store.events.register("before-call.dynamodb", at)
    try:
        yield
    finally:
        store.events.unregister("before-call.dynamodb", at)


def findable(store: Index) -> set[str]:
    return {word for word in WORDS if store.find([word], after=None, limit=1)}


@pytest.mark.slow
def test_records_in_any_order_and_any_number_leave_the_last_revision() -> None:
    tables = (f"search{number}" for number in count())

    @given(
        bodies=some.lists(some.lists(some.sampled_from(WORDS), min_size=1, max_size=3), min_size=1, max_size=5),
        withdrawn=some.booleans(),
        chaos=some.data(),
    )
    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
    def hold(bodies: list[list[str]], withdrawn: bool, chaos: some.DataObject) -> None:
        revisions: list[str | None] = [" ".join(words) for words in bodies] + ([None] if withdrawn else [])
        records = [record(place, body) for place, body in enumerate(revisions, start=8)]
        again = chaos.draw(some.lists(some.sampled_from(records), max_size=4))
        store = Index(dynamodb, next(tables))
        hear(store, *chaos.draw(some.permutations([*records, *again])))
        assert findable(store) == (set() if withdrawn else set(bodies[-1]))

    with aws_in_process():
        dynamodb = boto3.client("dynamodb", region_name="us-east-1")
        hold()


@pytest.mark.parametrize("call", range(1, 8))
def test_a_function_that_ends_at_any_call_is_mended_by_the_next_delivery(store: Index, call: int) -> None:
    hear(store, record(1, "cat dog"))
    with suppress(KeyboardInterrupt), ending_at(store, call):
        hear(store, record(2, "dog bird"))
    hear(store, record(2, "dog bird"))
    assert findable(store) == {"dog", "bird"}


@pytest.mark.parametrize("call", range(1, 8))
def test_a_function_that_ends_at_any_call_is_mended_by_a_newer_record_too(store: Index, call: int) -> None:
    hear(store, record(1, "cat dog"))
    with suppress(KeyboardInterrupt), ending_at(store, call):
        hear(store, record(2, "dog bird"))
    hear(store, record(3, "cat fish"), record(2, "dog bird"))
    assert findable(store) == {"cat", "fish"}


@pytest.mark.parametrize("call", range(1, 8))
@pytest.mark.parametrize("place", [0, 2])
def test_of_two_writers_at_once_the_newer_record_is_what_is_found(store: Index, place: int, call: int) -> None:
    """A rebuild, whose record is older than all others, or a parked record that is given back, beside the stream."""
    if place:
        hear(store, record(1, "cat dog"))
    with meanwhile(store, call, lambda: hear(store, record(3, "cat fish"))):
        hear(store, record(place, "dog bird"))
    hear(store, record(3, "cat fish"))
    assert findable(store) == {"cat", "fish"}


@pytest.mark.parametrize("call", range(1, 8))
def test_a_post_that_was_withdrawn_while_another_wrote_it_is_forgotten_in_time(store: Index, call: int) -> None:
    hear(store, record(1, "cat dog"))
    with meanwhile(store, call, lambda: hear(store, record(3, None))):
        hear(store, record(2, "dog bird"))
    hear(store, record(3, None))
    assert findable(store) == set()
    assert store.writer.get_entry(POST).expires_at == NOW + WITHDRAWN_RETENTION


def test_a_withdrawn_post_is_remembered_for_longer_than_a_parked_record_is_kept() -> None:
    queues = templates.resources("search", "AWS::SQS::Queue").values()
    assert max(int(queue["MessageRetentionPeriod"]) for queue in queues) < WITHDRAWN_RETENTION.total_seconds()


def test_a_new_score_rewrites_no_posting(store: Index) -> None:
    hear(store, record(1, "cat dog"))
    called: list[str] = []
    store.events.register("before-call.dynamodb", lambda model, **_: called.append(model.name))
    hear(store, record(2, "cat dog"))
    assert called == ["GetItem", "TransactWriteItems"]
