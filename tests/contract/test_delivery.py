"""What carries events in process keeps the promises of AWS: which records come, in which form, how often, and what fails."""

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


class Listener(Function):
    """A function that remembers what woke it, and reports the messages whose body is poison."""

    def __init__(self) -> None:
        super().__init__({"FunctionName": "listener", "Handler": "none.none"}, {}, arn="listener")
        self.batches: list[list[Record]] = []

    def invoke(self, event: dict[str, Any]) -> Any:
        self.batches.append(event["Records"])
        failed = [record["messageId"] for record in event["Records"] if record.get("body") == "poison"]
        return {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}

    @property
    def heard(self) -> list[Record]:
        return [record for batch in self.batches for record in batch]


@pytest.fixture
def listener() -> Iterator[Listener]:
    with aws_in_process():
        yield Listener()


def client(service: str) -> Any:
    return boto3.client(service, region_name=REGION)


def made(kind: str, **properties: Any) -> Attributes:
    return make(client, kind, properties=properties, named="none")


def queue(name: str, **properties: Any) -> Attributes:
    return made("AWS::SQS::Queue", QueueName=name, **properties)


def publish(topic: str, body: str, **attributes: str) -> None:
    sent = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
    client("sns").publish(TopicArn=topic, Message=body, MessageAttributes=sent)


def test_a_kinesis_record_comes_once_in_its_order_and_encoded(listener: Listener) -> None:
    stream, wires = made("AWS::Kinesis::Stream", Name="views", ShardCount=2), EventRouting()
    wires.map(listener, stream["Arn"], {"BatchSize": 2})
    for place in range(5):
        client("kinesis").put_record(StreamName="views", PartitionKey="one", Data=f"view {place}")
        deliver(wires)
    client("kinesis").put_records(
        StreamName="views", Records=[{"PartitionKey": "one", "Data": f"view {place}"} for place in range(5, 8)]
    )
    deliver(wires)
    data = [base64.b64decode(record["kinesis"]["data"]).decode() for record in listener.heard]
    assert data == [f"view {place}" for place in range(8)]
    assert [len(batch) for batch in listener.batches] == [1, 1, 1, 1, 1, 2, 1]
    places = [record["kinesis"]["sequenceNumber"] for record in listener.heard]
    assert places == sorted(set(places))


def test_a_bucket_tells_of_the_objects_that_the_notification_names_with_their_keys_encoded(listener: Listener) -> None:
    made("AWS::S3::Bucket", BucketName="avatars")
    wires = EventRouting()
    chosen = {"S3Key": {"Rules": [{"Name": "prefix", "Value": "originals/"}]}}
    wires.notify("avatars", listener, events="s3:ObjectCreated:*", chosen=chosen)
    for key in ("originals/ada & bob/ü.png", "thumbnails/ada.png"):
        client("s3").put_object(Bucket="avatars", Key=key, Body=b"1234")
    deliver(wires)
    (told,) = listener.heard
    assert told["eventName"] == "ObjectCreated:Put"
    assert told["s3"]["bucket"]["name"] == "avatars"
    assert told["s3"]["object"]["key"] == "originals/ada+%26+bob/%C3%BC.png"
    assert told["s3"]["object"]["size"] == 4


def test_a_topic_invokes_a_function_with_the_messages_that_its_policy_lets_through(listener: Listener) -> None:
    topic, wires = made("AWS::SNS::Topic", TopicName="events")["Ref"], EventRouting()
    wires.listen(topic, listener, {"FilterPolicy": {"type": ["score.changed", {"prefix": "post."}]}})
    for kind in ("score.changed", "order.placed", "post.revised"):
        publish(topic, f"of {kind}", type=kind)
    deliver(wires)
    assert [record["Sns"]["Message"] for record in listener.heard] == ["of score.changed", "of post.revised"]
    assert len(listener.batches) == 2, "a topic invokes once a message"


@pytest.mark.parametrize("raw", [True, False])
def test_a_topic_fills_a_queue_raw_or_in_an_envelope(listener: Listener, raw: bool) -> None:
    topic, scores, wires = made("AWS::SNS::Topic", TopicName="events")["Ref"], queue("scores"), EventRouting()
    wires.fill(topic, scores["Arn"], {"FilterPolicy": {"type": ["score.changed"]}, "RawMessageDelivery": raw})
    wires.map(listener, scores["Arn"], {})
    publish(topic, "told", type="score.changed")
    publish(topic, "else", type="order.placed")
    deliver(wires)
    (record,) = listener.heard
    notice = record if raw else json.loads(record["body"])
    assert notice["body" if raw else "Message"] == "told"
    attribute = notice["messageAttributes" if raw else "MessageAttributes"]["type"]
    assert attribute["stringValue" if raw else "Value"] == "score.changed"


def test_a_message_that_keeps_failing_ends_in_the_dead_letters_and_the_rest_goes_on(listener: Listener) -> None:
    dead = queue("dead")
    scores = queue("scores", RedrivePolicy={"deadLetterTargetArn": dead["Arn"], "maxReceiveCount": 2})
    wires = EventRouting()
    wires.map(listener, scores["Arn"], {"FunctionResponseTypes": ["ReportBatchItemFailures"]})
    for body in ("one", "poison", "two"):
        client("sqs").send_message(QueueUrl=scores["Ref"], MessageBody=body)
    deliver(wires)
    assert [record["body"] for record in listener.heard] == ["one", "poison", "two", "poison"]
    assert [record["attributes"]["ApproximateReceiveCount"] for record in listener.heard] == ["1", "1", "1", "2"]
    assert [each["Body"] for each in client("sqs").receive_message(QueueUrl=dead["Ref"])["Messages"]] == ["poison"]
