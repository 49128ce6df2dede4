"""Views of posts are sent in batches; neither a full buffer nor an unavailable stream fails the read of a post."""

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
RECORD_AND_EXIT = """
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
atexit.register(lambda: print(len(sent(kinesis))))  # runs last, because it is registered first
Views("views").record(View(post_id=POST, at=NOW))
"""
MakeViews = Callable[..., Views]


def view(number: int = 0) -> View:
    return View(post_id=POST, at=NOW + timedelta(milliseconds=number))


def sent(kinesis: Any) -> list[dict[str, str]]:
    """Return the records of the stream, in the order of its one shard."""
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
    """Return a function that makes view buffers. They are flushed before moto ends."""
    made: list[Views] = []

    def make(stream: str = "views", **settings: int) -> Views:
        made.append(Views(stream, **settings))
        made[-1].__dict__["_kinesis"] = kinesis
        return made[-1]

    yield make
    for each in made:
        each.flush()


def test_a_view_is_sent_without_a_flush(kinesis: Any, views: MakeViews) -> None:
    views().record(view())
    _wait_until_sent(kinesis)
    assert sent(kinesis) == [{"post_id": POST, "at": to_rfc3339(NOW)}]


def test_a_throttled_view_is_sent_again_without_another_view(kinesis: Any, views: MakeViews) -> None:
    refusals = [{"FailedRecordCount": 1, "Records": [{"ErrorCode": "ProvisionedThroughputExceededException"}]}]

    def refuse_once(**_: object) -> tuple[Any, dict[str, Any]] | None:
        return (type("Response", (), {"status_code": 200}), refusals.pop()) if refusals else None

    kinesis.meta.events.register("before-call.kinesis.PutRecords", refuse_once)
    views().record(view())
    _wait_until_sent(kinesis)
    assert refusals == []


def test_many_views_are_sent_in_few_calls_and_in_order(kinesis: Any, views: MakeViews) -> None:
    calls: list[str] = []
    kinesis.meta.events.register("before-call.kinesis.PutRecords", lambda model, **_: calls.append(model.name))
    buffer = views()
    for number in range(2 * MAX_RECORDS + 1):
        buffer.record(view(number))
    buffer.flush()
    assert len(calls) == 3
    assert [each["at"] for each in sent(kinesis)] == [
        to_rfc3339(view(number).at) for number in range(2 * MAX_RECORDS + 1)
    ]


def test_a_process_sends_buffered_views_when_it_exits() -> None:
    ended = subprocess.run([sys.executable, "-c", RECORD_AND_EXIT], check=True, capture_output=True, text=True)
    assert ended.stdout.split()[-1] == "1"


def test_views_beyond_a_full_buffer_are_dropped_and_counted_in_the_log(
    kinesis: Any, views: MakeViews, caplog: pytest.LogCaptureFixture
) -> None:
    buffer = views(max_buffered=3)
    for number in range(5):
        buffer.record(view(number))
    buffer.flush()
    assert len(sent(kinesis)) == 3
    assert _logged_drops(caplog) == [2]


def test_an_unavailable_stream_drops_the_views_and_raises_nothing(
    kinesis: Any, views: MakeViews, caplog: pytest.LogCaptureFixture
) -> None:
    buffer = views(stream="nowhere")
    for number in range(2):
        buffer.record(view(number))
    buffer.flush()
    buffer.record(view())
    assert _logged_drops(caplog) == [2]


def test_throttled_views_are_sent_by_the_next_flush(kinesis: Any, views: MakeViews) -> None:
    full = {"FailedRecordCount": 2, "Records": 2 * [{"ErrorCode": "ProvisionedThroughputExceededException"}]}

    def refuse(**_: object) -> tuple[Any, dict[str, Any]]:
        return type("Response", (), {"status_code": 200}), full

    kinesis.meta.events.register("before-call.kinesis.PutRecords", refuse)
    buffer = views()
    for number in range(2):
        buffer.record(view(number))
    buffer.flush()
    kinesis.meta.events.unregister("before-call.kinesis.PutRecords", refuse)
    assert sent(kinesis) == []
    buffer.flush()
    assert [each["at"] for each in sent(kinesis)] == [to_rfc3339(view(number).at) for number in range(2)]


def _wait_until_sent(kinesis: Any) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not sent(kinesis):
        assert time.monotonic() < deadline
        time.sleep(FLUSH_SECONDS / 10)


def _logged_drops(caplog: pytest.LogCaptureFixture) -> list[int]:
    return [vars(record)["views"] for record in caplog.records if record.message == "views dropped"]
