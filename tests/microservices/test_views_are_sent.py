"""A view of a post is sent before its request is answered; neither a full buffer nor an unavailable stream fails the read."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import httpx
import pytest
from botocore.exceptions import EndpointConnectionError

from microservices.posts.views import MAX_RECORDS, Views
from shared_domain.contract.times import to_rfc3339
from shared_domain.trending import View
from tests.contract.client import Api
from tests.contract.gateway import gateway_over_moto
from tests.contract.record_sources import KinesisStream
from tests.contract.resources import ACCOUNT, REGION
from tests.moto_aws import aws_in_process

from .event_scenario import STAGE

NOW = datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)
POST = "01M7X1YXN3SBB3DZEFS5FNXBMV"
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


def test_a_request_sends_its_view_before_it_is_answered() -> None:
    """Lambda freezes the process after the answer, and every thread with it."""
    with gateway_over_moto() as gateway:
        api = Api(httpx.Client(transport=httpx.MockTransport(gateway.serve), base_url="http://f.test"), patience=0)
        post_id = api.published(api.join("ada"))["id"]
        stream = KinesisStream(f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{STAGE}-views")
        for _ in range(2):
            api.post(post_id)
            (record,) = stream.take()
            assert json.loads(base64.b64decode(record["kinesis"]["data"]))["post_id"] == post_id
        assert {thread.name for thread in threading.enumerate()} & {"views"} == set()


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
    assert _logged_drops(caplog) == [2]


def test_after_a_failed_call_no_read_waits_for_some_seconds(kinesis: Any, views: MakeViews) -> None:
    calls: list[str] = []
    kinesis.meta.events.register("before-call.kinesis.PutRecords", lambda model, **_: calls.append(model.name))
    buffer = views(stream="nowhere")
    for _ in range(3):
        buffer.record(view())
        buffer.flush()
    assert len(calls) == 1


def test_views_are_sent_again_after_the_pause(kinesis: Any, views: MakeViews) -> None:
    failures = [EndpointConnectionError(endpoint_url="https://kinesis")]

    def fail_once(**_: object) -> None:
        if failures:
            raise failures.pop()

    kinesis.meta.events.register("before-call.kinesis.PutRecords", fail_once)
    buffer = views(pause_seconds=0)
    for number in range(2):
        buffer.record(view(number))
        buffer.flush()
    assert [each["at"] for each in sent(kinesis)] == [to_rfc3339(view(1).at)]


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


def _logged_drops(caplog: pytest.LogCaptureFixture) -> list[int]:
    return [vars(record)["views"] for record in caplog.records if record.message == "views dropped"]
