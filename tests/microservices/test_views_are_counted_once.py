"""Each view is counted once, although batches of a shard are repeated and functions end at any point."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, NamedTuple

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from microservices.streams import Record, handle_records
from microservices.trending.projection import parse_view
from microservices.trending.store import DynamoTrends
from microservices.trending.windows import DynamoWindows, Window, WindowKey, part_of
from shared_domain.trending import WINDOW, WINDOWS, Span, Trend, View, last_hour, rank_by_views
from tests.dynamodb_table import make_table
from tests.moto_aws import aws_in_process
from tests.view_records import SHARD, deliver, view_record

NOW = datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)
POSTS = ("01M7X1YXN3SBB3DZEFS5FNXBMV", "01M7X1YXN3SBB3DZEFS5FNXBMW", "01M7X1YXN3SBB3DZEFS5FNXBMX")
SHARDS = (SHARD, "shardId-000000000001")
MAX_VIEWS_PER_MINUTE = 60_000  # of one shard, which takes a thousand records a second


class Step(NamedTuple):
    """A batch of one shard; it may repeat records, and the function may end at one of its calls."""

    shard: int
    back: int
    size: int
    ends_at_call: int | None


steps = some.builds(
    Step, some.integers(0, 1), some.integers(0, 6), some.integers(1, 6), some.none() | some.integers(1, 6)
)
views = some.lists(
    some.builds(
        View, post_id=some.sampled_from(POSTS), at=some.integers(-1, WINDOWS).map(lambda age: NOW - age * WINDOW)
    ),
    max_size=12,
)


@pytest.fixture
def dynamodb() -> Iterator[Any]:
    with aws_in_process():
        client = boto3.client("dynamodb", region_name="us-east-1")
        make_table(client, "views")
        yield client


@contextmanager
def ending_at(dynamodb: Any, call: int | None) -> Iterator[None]:
    """End the function at its n-th call, before or after the call took effect."""
    calls = count(1)

    def end(**_: object) -> None:
        if next(calls) == call:
            raise KeyboardInterrupt("the function ends here")

    for moment in ("before-call.dynamodb", "after-call.dynamodb"):
        dynamodb.meta.events.register(moment, end)
    try:
        yield
    finally:
        for moment in ("before-call.dynamodb", "after-call.dynamodb"):
            dynamodb.meta.events.unregister(moment, end)


def deliver_step(windows: DynamoWindows, shard: list[Record], start: int, step: Step, dynamodb: Any) -> int:
    """Deliver a batch; return the position up to which the shard is handled."""
    begin = max(0, start - step.back)
    batch = shard[begin : begin + step.size]
    with suppress(KeyboardInterrupt), ending_at(dynamodb, step.ends_at_call):
        deliver(windows, batch)
        return max(start, begin + len(batch))
    return start


@pytest.mark.slow
@pytest.mark.parametrize("examples", [25, pytest.param(250, marks=pytest.mark.deep)])
def test_interrupted_and_repeated_batches_of_two_shards_count_each_view_once(examples: int) -> None:
    tables = (f"views{number}" for number in count())

    @given(views_by_shard=some.tuples(views, views), chaos=some.lists(steps, max_size=12))
    @settings(max_examples=examples, deadline=None, derandomize=True)
    def check(views_by_shard: tuple[list[View], list[View]], chaos: list[Step]) -> None:
        table = next(tables)
        make_table(dynamodb, table)
        windows = DynamoWindows(dynamodb, table)
        shards = [
            [view_record(view, place=place, shard=shard) for place, view in enumerate(views, start=9)]
            for shard, views in zip(SHARDS, views_by_shard, strict=True)
        ]
        done = [0, 0]
        for step in chaos:
            done[step.shard] = deliver_step(windows, shards[step.shard], done[step.shard], step, dynamodb)
        for shard, start in zip(shards, done, strict=True):
            deliver(windows, shard[start:])
        hour = last_hour(NOW)
        seen = Counter(view.post_id for views in views_by_shard for view in views if hour.first <= view.at <= NOW)
        assert DynamoTrends(dynamodb, table).most_viewed(hour, 5) == rank_by_views(seen, 5)

    with aws_in_process():
        dynamodb = boto3.client("dynamodb", region_name="us-east-1")
        check()


def test_a_batch_that_is_repeated_after_a_later_one_changes_nothing(dynamodb: Any) -> None:
    windows = DynamoWindows(dynamodb, "views")
    records = [view_record(View(post_id=POSTS[0], at=NOW), place=place) for place in range(8, 13)]
    for batch in (records[:2], records[2:], records[:2], records):
        deliver(windows, batch)
    assert DynamoTrends(dynamodb, "views").most_viewed(last_hour(NOW), 5) == [Trend(post_id=POSTS[0], views=5)]


def test_the_items_of_a_minute_have_space_for_all_views_of_a_shard(dynamodb: Any) -> None:
    posts = [f"01M7X1YXN3SBB3DZEFS{number:07d}" for number in range(MAX_VIEWS_PER_MINUTE)]
    parts = Counter(map(part_of, posts))
    part, _ = parts.most_common(1)[0]
    key = WindowKey(NOW, SHARD, part)
    full = Window(views={post_id: 1 for post_id in posts if part_of(post_id) == part}, sequence="1")
    windows = DynamoWindows(dynamodb, "views")
    windows.put(key, full, seen=Window())
    assert windows.get(key) == full


@pytest.mark.slow
def test_windows_are_read_beyond_the_first_page(dynamodb: Any) -> None:
    windows = DynamoWindows(dynamodb, "views")
    views = {f"01M7X1YXN3SBB3DZEFS{number:07d}": number for number in range(1, 6_001)}
    for place in range(8):
        key = WindowKey(last_hour(NOW).last - place * WINDOW, SHARD, 0)
        windows.put(key, Window(views=views, sequence="1"), seen=Window())
    (most,) = DynamoTrends(dynamodb, "views").most_viewed(last_hour(NOW), 1)
    assert most == Trend(post_id="01M7X1YXN3SBB3DZEFS0006000", views=8 * 6_000)


def test_the_first_and_the_last_window_count_and_their_neighbours_do_not(dynamodb: Any) -> None:
    windows, hour = DynamoWindows(dynamodb, "views"), last_hour(NOW)
    just = timedelta(milliseconds=1)
    moments = [hour.first - just, hour.first, hour.last + WINDOW - just, hour.last + WINDOW]
    deliver(windows, [view_record(View(post_id=POSTS[0], at=at), place=n) for n, at in enumerate(moments)])
    assert DynamoTrends(dynamodb, "views").most_viewed(hour, 5) == [Trend(post_id=POSTS[0], views=2)]
    assert hour == Span(datetime(2026, 1, 2, 2, 5, tzinfo=UTC), datetime(2026, 1, 2, 3, 4, tzinfo=UTC))


@pytest.mark.parametrize(
    "data", ["", "!", "bm8=", "W10=", "e30=", "eyJwb3N0X2lkIjogIm5vIGlkIiwgImF0IjogIjIwMjYtMDEtMDJUMDM6MDQ6MDVaIn0="]
)
def test_a_malformed_record_is_parked_with_its_reason_and_the_others_are_handled(data: str) -> None:
    good = [view_record(View(post_id=POSTS[0], at=NOW), place=place) for place in (1, 3)]
    bad = view_record(View(post_id=POSTS[0], at=NOW), place=2)
    bad["kinesis"]["data"] = data
    parked: list[tuple[Record, str]] = []
    handled = handle_records(
        [good[0], bad, good[1]], parse_view, key=json.dumps, park=lambda record, reason: parked.append((record, reason))
    )
    assert [each.record for each in handled] == good
    assert [(record, bool(reason)) for record, reason in parked] == [(bad, True)]
