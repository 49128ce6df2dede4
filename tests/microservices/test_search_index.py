"""The index matches the newest revision of a post, however the stream is delivered."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import count
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from microservices.deploy import templates
from microservices.post_item import post_item, post_key
from microservices.search.projection import apply_record, read_entries
from microservices.search.store import DynamoIndex, entry_key
from microservices.search.writer import WITHDRAWN_RETENTION, IndexWriter
from microservices.streams import Record
from shared_domain.posts import Post, compose
from shared_domain.search import MAX_POST_TERMS, analyse
from tests.dynamodb_table import make_table
from tests.moto_aws import aws_in_process

POST = "01M7X1YXN3SBB3DZEFS5FNXBMV"
NOW = datetime(2026, 1, 2, tzinfo=UTC)
WORDS = ("cat", "dog", "bird", "fish")


def post(body: str) -> Post:
    return compose(id=POST, author="ada", title="Title", body=body, now=NOW)


def record(place: int, body: str | None) -> Record:
    """Return the stream record of the post with this body; None is a withdrawal."""
    image = {} if body is None else {"NewImage": post_item(post(body))}
    name = "REMOVE" if body is None else "MODIFY"
    return {"eventName": name, "dynamodb": {"Keys": post_key(POST), "SequenceNumber": str(place), **image}}


class Index:
    """The index and its writer on one table."""

    def __init__(self, dynamodb: Any, table: str) -> None:
        make_table(dynamodb, table)
        self.events = dynamodb.meta.events
        self.writer = IndexWriter(dynamodb, table)
        self.find = DynamoIndex(dynamodb, table).find
        self._key = {"TableName": table, "Key": entry_key(POST)}
        self._dynamodb = dynamodb

    def entry(self) -> Any:
        """Return the item of the post's index entry."""
        return self._dynamodb.get_item(**self._key)["Item"]


@pytest.fixture
def store() -> Iterator[Index]:
    with aws_in_process():
        yield Index(boto3.client("dynamodb", region_name="us-east-1"), "search")


def apply(store: Index, *records: Record) -> None:
    entries = read_entries(store.writer, records)
    for each in records:
        apply_record(store.writer, each, entries=entries, now=lambda: NOW)


@contextmanager
def ending_at(store: Index, call: int) -> Iterator[None]:
    """End the function at its n-th call of DynamoDB."""
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
def before_call(store: Index, call: int, act: Callable[[], None]) -> Iterator[None]:
    """Call `act` before a function's n-th call of DynamoDB."""
    calls = count(1)

    def at(**_: object) -> None:
        if next(calls) == call:
            act()

    store.events.register("before-call.dynamodb", at)
    try:
        yield
    finally:
        store.events.unregister("before-call.dynamodb", at)


@contextmanager
def postings_written_by(store: Index, write: Callable[[], None]) -> Iterator[None]:
    """Call `write` for each batch of postings instead of writing it, because moto takes seconds for a thousand."""

    def answer(**_: object) -> tuple[object, dict[str, Any]]:
        write()
        return SimpleNamespace(status_code=200), {"UnprocessedItems": {}}

    store.events.register("before-call.dynamodb.BatchWriteItem", answer)
    try:
        yield
    finally:
        store.events.unregister("before-call.dynamodb.BatchWriteItem", answer)


def long_words(revision: int) -> str:
    """Return a body of 312 words that NFKC makes 15 times as long, different in each revision."""
    return " ".join(f"{chr(97 + revision)}a{number:03}" + "㌖" * 26 for number in range(312))


def short_words(revision: int) -> str:
    """Return a body of 3,333 words, different in each revision."""
    return " ".join(f"{chr(0x4E00 + number)}{revision}" for number in range(3_333))


def findable(store: Index) -> set[str]:
    return {word for word in WORDS if store.find([word], after=None, limit=1)}


@pytest.mark.slow
@pytest.mark.parametrize("examples", [40, pytest.param(400, marks=pytest.mark.deep)])
def test_repeated_and_reordered_records_index_the_last_revision(examples: int) -> None:
    tables = (f"search{number}" for number in count())

    @given(
        bodies=some.lists(some.lists(some.sampled_from(WORDS), min_size=1, max_size=3), min_size=1, max_size=5),
        withdrawn=some.booleans(),
        chaos=some.data(),
    )
    @settings(max_examples=examples, deadline=None, derandomize=True)
    def check(bodies: list[list[str]], withdrawn: bool, chaos: some.DataObject) -> None:
        revisions: list[str | None] = [" ".join(words) for words in bodies] + ([None] if withdrawn else [])
        records = [record(place, body) for place, body in enumerate(revisions, start=8)]
        again = chaos.draw(some.lists(some.sampled_from(records), max_size=4))
        store = Index(dynamodb, next(tables))
        apply(store, *chaos.draw(some.permutations([*records, *again])))
        assert findable(store) == (set() if withdrawn else set(bodies[-1]))

    with aws_in_process():
        dynamodb = boto3.client("dynamodb", region_name="us-east-1")
        check()


@pytest.mark.parametrize("call", range(1, 8))
def test_redelivery_repairs_the_index_after_a_function_ended_at_any_call(store: Index, call: int) -> None:
    apply(store, record(1, "cat dog"))
    with suppress(KeyboardInterrupt), ending_at(store, call):
        apply(store, record(2, "dog bird"))
    apply(store, record(2, "dog bird"))
    assert findable(store) == {"dog", "bird"}


@pytest.mark.parametrize("call", range(1, 8))
def test_a_newer_record_repairs_the_index_after_a_function_ended_at_any_call(store: Index, call: int) -> None:
    apply(store, record(1, "cat dog"))
    with suppress(KeyboardInterrupt), ending_at(store, call):
        apply(store, record(2, "dog bird"))
    apply(store, record(3, "cat fish"), record(2, "dog bird"))
    assert findable(store) == {"cat", "fish"}


@pytest.mark.parametrize("call", range(1, 8))
@pytest.mark.parametrize("place", [0, 2])
def test_of_two_concurrent_writers_the_newer_record_is_indexed(store: Index, place: int, call: int) -> None:
    """A rebuild (its record is older than all others) or a replayed record is written at the same time as the stream's."""
    if place:
        apply(store, record(1, "cat dog"))
    with before_call(store, call, lambda: apply(store, record(3, "cat fish"))):
        apply(store, record(place, "dog bird"))
    apply(store, record(3, "cat fish"))
    assert findable(store) == {"cat", "fish"}


@pytest.mark.parametrize("call", range(1, 8))
def test_the_entry_of_a_post_that_was_withdrawn_during_a_write_expires(store: Index, call: int) -> None:
    apply(store, record(1, "cat dog"))
    with before_call(store, call, lambda: apply(store, record(3, None))):
        apply(store, record(2, "dog bird"))
    apply(store, record(3, None))
    assert findable(store) == set()
    assert store.writer.get_entries([POST])[POST].expires_at == NOW + WITHDRAWN_RETENTION


def test_the_entry_of_a_withdrawn_post_stays_longer_than_a_parked_record() -> None:
    queues = templates.resources("search", "AWS::SQS::Queue").values()
    assert max(int(queue["MessageRetentionPeriod"]) for queue in queues) < WITHDRAWN_RETENTION.total_seconds()


def test_a_new_score_writes_no_posting(store: Index) -> None:
    apply(store, record(1, "cat dog"))
    called: list[str] = []
    store.events.register("before-call.dynamodb", lambda model, **_: called.append(model.name))
    apply(store, record(2, "cat dog"))
    assert called == ["BatchGetItem", "TransactWriteItems"]


def test_a_post_of_long_words_is_replaced(store: Index) -> None:
    old, new = long_words(0), long_words(1)
    apply(store, record(1, old))
    apply(store, record(2, new))
    assert not store.find(analyse(old[:31]), after=None, limit=1)
    assert store.find(analyse(f"{new[:31]} {new[-31:]}"), after=None, limit=1)


def test_an_entry_stays_small_however_many_writers_end_early(store: Index) -> None:
    def end() -> None:
        raise KeyboardInterrupt("the function ends here")

    with postings_written_by(store, lambda: None):
        apply(store, record(1, long_words(0)))
    for revision in range(1, 8):
        with suppress(KeyboardInterrupt), postings_written_by(store, end):
            apply(store, record(1 + revision, long_words(revision)))
    assert len(store.entry()["pending"]["L"]) == 2 * 312
    with postings_written_by(store, lambda: None):
        apply(store, record(10, long_words(9)))
    assert (len(store.entry()["weights"]["M"]), store.entry()["pending"]["L"]) == (313, [])


@pytest.mark.parametrize("place", [3, 4])
def test_a_writer_deletes_the_postings_of_another_one_that_ended_early(store: Index, place: int) -> None:
    apply(store, record(1, "cat"))
    with suppress(KeyboardInterrupt), ending_at(store, 4):
        apply(store, record(2, "dog bird"))
    with suppress(KeyboardInterrupt), ending_at(store, place):
        apply(store, record(3, "fish"))
    apply(store, record(4, "fish cat"))
    assert findable(store) == {"fish", "cat"}


@pytest.mark.parametrize("call", range(1, 9))
def test_of_two_writers_that_repair_the_index_the_newer_record_is_indexed(store: Index, call: int) -> None:
    apply(store, record(1, "cat"))
    with suppress(KeyboardInterrupt), ending_at(store, 4):
        apply(store, record(2, "dog bird"))
    with before_call(store, call, lambda: apply(store, record(4, "dog"))):
        apply(store, record(3, "fish"))
    apply(store, record(4, "dog"))
    assert findable(store) == {"dog"}


def test_the_writes_for_a_post_are_limited(store: Index) -> None:
    writes: list[int] = []
    with postings_written_by(store, lambda: writes.append(1)):
        apply(store, record(1, short_words(1)))
        assert len(writes) == MAX_POST_TERMS / 25
        apply(store, record(2, short_words(2)))
        assert len(writes) <= 3 * MAX_POST_TERMS / 25
