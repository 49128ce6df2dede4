"""The in-process event delivery behaves as AWS does: filters, record formats, batches, retries and dead letters."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from tests.moto_aws import aws_in_process

from .event_delivery import deliver
from .event_routing import EventRouting
from .functions import Function
from .record_sources import Record
from .resources import REGION, Attributes, make


class RecordingFunction(Function):
    """A function that stores its events and reports messages with the body "poison" as failed."""

    def __init__(self) -> None:
        super().__init__({"FunctionName": "function", "Handler": "none.none"}, {}, arn="function")
        self.batches: list[list[Record]] = []

    def invoke(self, event: dict[str, Any]) -> Any:
        self.batches.append(event["Records"])
        failed = [record["messageId"] for record in event["Records"] if record.get("body") == "poison"]
        return {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}

    @property
    def records(self) -> list[Record]:
        return [record for batch in self.batches for record in batch]


@pytest.fixture
def function() -> Iterator[RecordingFunction]:
    with aws_in_process():
        yield RecordingFunction()


def client(service: str) -> Any:
    return boto3.client(service, region_name=REGION)


def made(kind: str, **properties: Any) -> Attributes:
    return make(client, kind, properties=properties, named="none")


def queue(name: str, **properties: Any) -> Attributes:
    return made("AWS::SQS::Queue", QueueName=name, **properties)


def publish(topic: str, body: str, **attributes: str) -> None:
    sent = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
    client("sns").publish(TopicArn=topic, Message=body, MessageAttributes=sent)


def test_a_kinesis_record_arrives_once_in_order_and_encoded(function: RecordingFunction) -> None:
    stream, routing = made("AWS::Kinesis::Stream", Name="views", ShardCount=2), EventRouting()
    routing.map(function, stream["Arn"], {"BatchSize": 2})
    for place in range(5):
        client("kinesis").put_record(StreamName="views", PartitionKey="one", Data=f"view {place}")
        deliver(routing)
    client("kinesis").put_records(
        StreamName="views", Records=[{"PartitionKey": "one", "Data": f"view {place}"} for place in range(5, 8)]
    )
    deliver(routing)
    data = [base64.b64decode(record["kinesis"]["data"]).decode() for record in function.records]
    assert data == [f"view {place}" for place in range(8)]
    assert [len(batch) for batch in function.batches] == [1, 1, 1, 1, 1, 2, 1]
    places = [record["kinesis"]["sequenceNumber"] for record in function.records]
    assert places == sorted(set(places))


def test_a_bucket_sends_events_for_the_filtered_objects_with_encoded_keys(function: RecordingFunction) -> None:
    made("AWS::S3::Bucket", BucketName="avatars")
    routing = EventRouting()
    chosen = {"S3Key": {"Rules": [{"Name": "prefix", "Value": "originals/"}]}}
    routing.notify("avatars", function, events="s3:ObjectCreated:*", chosen=chosen)
    for key in ("originals/ada & bob/ü.png", "thumbnails/ada.png"):
        client("s3").put_object(Bucket="avatars", Key=key, Body=b"1234")
    deliver(routing)
    (record,) = function.records
    assert record["eventName"] == "ObjectCreated:Put"
    assert record["s3"]["bucket"]["name"] == "avatars"
    assert record["s3"]["object"]["key"] == "originals/ada+%26+bob/%C3%BC.png"
    assert record["s3"]["object"]["size"] == 4


def test_a_topic_invokes_a_function_with_the_messages_that_match_its_filter_policy(function: RecordingFunction) -> None:
    topic, routing = made("AWS::SNS::Topic", TopicName="events")["Ref"], EventRouting()
    routing.subscribe_function(topic, function, {"FilterPolicy": {"type": ["score.changed", {"prefix": "post."}]}})
    for kind in ("score.changed", "order.placed", "post.revised"):
        publish(topic, f"of {kind}", type=kind)
    deliver(routing)
    assert [record["Sns"]["Message"] for record in function.records] == ["of score.changed", "of post.revised"]
    assert len(function.batches) == 2, "a topic invokes once a message"


@pytest.mark.parametrize("raw", [True, False])
def test_a_topic_fills_a_queue_raw_or_in_an_envelope(function: RecordingFunction, raw: bool) -> None:
    topic, scores, routing = made("AWS::SNS::Topic", TopicName="events")["Ref"], queue("scores"), EventRouting()
    routing.subscribe_queue(
        topic, scores["Arn"], {"FilterPolicy": {"type": ["score.changed"]}, "RawMessageDelivery": raw}
    )
    routing.map(function, scores["Arn"], {})
    publish(topic, "wanted", type="score.changed")
    publish(topic, "other", type="order.placed")
    deliver(routing)
    (record,) = function.records
    notice = record if raw else json.loads(record["body"])
    assert notice["body" if raw else "Message"] == "wanted"
    attribute = notice["messageAttributes" if raw else "MessageAttributes"]["type"]
    assert attribute["stringValue" if raw else "Value"] == "score.changed"


def test_a_message_that_keeps_failing_moves_to_the_dead_letter_queue_and_the_rest_is_handled(
    function: RecordingFunction,
) -> None:
    dead = queue("dead")
    scores = queue("scores", RedrivePolicy={"deadLetterTargetArn": dead["Arn"], "maxReceiveCount": 2})
    routing = EventRouting()
    routing.map(function, scores["Arn"], {"FunctionResponseTypes": ["ReportBatchItemFailures"]})
    for body in ("one", "poison", "two"):
        client("sqs").send_message(QueueUrl=scores["Ref"], MessageBody=body)
    deliver(routing)
    assert [record["body"] for record in function.records] == ["one", "poison", "two", "poison"]
    assert [record["attributes"]["ApproximateReceiveCount"] for record in function.records] == ["1", "1", "1", "2"]
    assert [each["Body"] for each in client("sqs").receive_message(QueueUrl=dead["Ref"])["Messages"]] == ["poison"]
