"""What a read leaves behind: views are sent in batches, and neither a full buffer nor a stream that is away fails a read."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from microservices.posts.views import FLUSH_SECONDS, MAX_RECORDS, Views
from shared_domain.contract.times import to_rfc3339
from shared_domain.trending import View
from tests.moto_aws import aws_in_process

NOW = datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)
POST = "01M7X1YXN3SBB3DZEFS5FNXBMV"
DEADLINE_S = 10.0
AT_THE_END = """
import atexit, os
os.environ.update(AWS_DEFAULT_REGION="us-east-1")
import boto3
from moto import mock_aws
from tests.microservices.test_views_are_sent_in_batches import NOW, POST, sent
from microservices.posts.views import Views
from shared_domain.trending import View
mock_aws().start()
kinesis = boto3.client("kinesis")
kinesis.create_stream(StreamName="views", ShardCount=1)
atexit.register(lambda: print(len(sent(kinesis))))  # who is registered first, is called last
Views("views").record(View(post_id=POST, at=NOW))
"""
MakeViews = Callable[..., Views]


def view(number: int = 0) -> View:
    return View(post_id=POST, at=NOW + timedelta(milliseconds=number))


def sent(kinesis: Any) -> list[dict[str, str]]:
    """Return what the stream holds, in the order of its one shard."""
    (shard,) = kinesis.list_shards(StreamName="views")["Shards"]
    begin = {"StreamName": "views", "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
    records = kinesis.get_records(ShardIterator=kinesis.get_shard_iterator(**begin)["ShardIterator"])["Records"]
    return [json.loads(record["Data"]) for record in records]


@pytest.fixture
def kinesis() -> Iterator[Any]:
    with aws_in_process():
        client = boto3.client("kinesis", region_name="us-east-1")
        client.create_stream(StreamName="views", ShardCount=1)
        yield client


@pytest.fixture
def views(kinesis: Any) -> Iterator[MakeViews]:
    """Make views that leave for a stream; none of them outlives the test, for then nobody would play AWS any more."""
    every: list[Views] = []

    def make(stream: str = "views", **settings: int) -> Views:
        every.append(Views(stream, **settings))
        every[-1].__dict__["_kinesis"] = kinesis
        return every[-1]

    yield make
    for each in every:
        each.flush()


def test_a_view_is_sent_by_itself_in_a_moment(kinesis: Any, views: MakeViews) -> None:
    views().record(view())
    _sent_in_time(kinesis)
    assert sent(kinesis) == [{"post_id": POST, "at": to_rfc3339(NOW)}]


def test_a_view_that_a_full_stream_refuses_is_sent_again_though_nobody_reads_another_post(
    kinesis: Any, views: MakeViews
) -> None:
    refusals = [{"FailedRecordCount": 1, "Records": [{"ErrorCode": "ProvisionedThroughputExceededException"}]}]

    def refuse_once(**_: object) -> tuple[Any, dict[str, Any]] | None:
        return (type("Answered", (), {"status_code": 200}), refusals.pop()) if refusals else None

    kinesis.meta.events.register("before-call.kinesis.PutRecords", refuse_once)
    views().record(view())
    _sent_in_time(kinesis)
    assert refusals == []


def test_many_views_are_sent_in_few_calls_and_in_order(kinesis: Any, views: MakeViews) -> None:
    calls: list[str] = []
    kinesis.meta.events.register("before-call.kinesis.PutRecords", lambda model, **_: calls.append(model.name))
    leaving = views()
    for number in range(2 * MAX_RECORDS + 1):
        leaving.record(view(number))
    leaving.flush()
    assert len(calls) == 3
    assert [each["at"] for each in sent(kinesis)] == [
        to_rfc3339(view(number).at) for number in range(2 * MAX_RECORDS + 1)
    ]


def test_a_process_that_ends_sends_what_waits() -> None:
    ended = subprocess.run([sys.executable, "-c", AT_THE_END], check=True, capture_output=True, text=True)
    assert ended.stdout.split()[-1] == "1"


def test_with_no_room_a_view_is_dropped_and_the_log_tells_how_many(
    kinesis: Any, views: MakeViews, caplog: pytest.LogCaptureFixture
) -> None:
    leaving = views(max_buffered=3)
    for number in range(5):
        leaving.record(view(number))
    leaving.flush()
    assert len(sent(kinesis)) == 3
    assert _told_dropped(caplog) == [2]


def test_a_stream_that_is_away_drops_the_views_and_fails_nobody(
    kinesis: Any, views: MakeViews, caplog: pytest.LogCaptureFixture
) -> None:
    leaving = views(stream="nowhere")
    for number in range(2):
        leaving.record(view(number))
    leaving.flush()
    leaving.record(view())
    assert _told_dropped(caplog) == [2]


def test_what_a_full_stream_refuses_is_sent_the_next_time(kinesis: Any, views: MakeViews) -> None:
    full = {"FailedRecordCount": 2, "Records": 2 * [{"ErrorCode": "ProvisionedThroughputExceededException"}]}

    def refuse(**_: object) -> tuple[Any, dict[str, Any]]:
        return type("Answered", (), {"status_code": 200}), full

    kinesis.meta.events.register("before-call.kinesis.PutRecords", refuse)
    leaving = views()
    for number in range(2):
        leaving.record(view(number))
    leaving.flush()
    kinesis.meta.events.unregister("before-call.kinesis.PutRecords", refuse)
    assert sent(kinesis) == []
    leaving.flush()
    assert [each["at"] for each in sent(kinesis)] == [to_rfc3339(view(number).at) for number in range(2)]


def _sent_in_time(kinesis: Any) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not sent(kinesis):
        assert time.monotonic() < deadline
        time.sleep(FLUSH_SECONDS / 10)


def _told_dropped(caplog: pytest.LogCaptureFixture) -> list[int]:
    return [vars(record)["views"] for record in caplog.records if record.message == "views dropped"]
