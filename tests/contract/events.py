"""Delivery of streams and queues to the functions that the templates wake by them, done by the test after each request."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Protocol

from .cloud import REGION, Cloud
from .functions import Function

MOST_TRIES = 3
MOST_ROUNDS = 50
Record = dict[str, Any]


class Source(Protocol):
    """An event source mapping of the templates."""

    def deliver(self) -> bool:
        """Hand what is new to the function; tell whether there was anything."""


def sources(cloud: Cloud, known: dict[str, Function]) -> list[Source]:
    """Return the mappings of every function of the templates."""
    return [
        _source(cloud, known[stack.attribute(name, "Arn")], event)
        for stack in cloud.stacks.values()
        for name, properties in stack.resources("AWS::Serverless::Function").items()
        for event in properties.get("Events", {}).values()
    ]


def _source(cloud: Cloud, function: Function, event: dict[str, Any]) -> Source:
    if event["Type"] == "DynamoDB":
        return StreamSource(cloud.client("dynamodbstreams"), event["Properties"], function)
    assert event["Type"] == "SQS", f"no delivery is written for {event['Type']}"
    return QueueSource(cloud.client("sqs"), event["Properties"], function)


def deliver(everything: list[Source]) -> None:
    """Deliver until nothing is new anywhere: what one function writes may wake another."""
    for _ in range(MOST_ROUNDS):
        if not any([source.deliver() for source in everything]):
            return
    raise AssertionError("the functions wake each other without end")


class StreamSource:
    """A table's stream, read from its beginning in order."""

    def __init__(self, streams: Any, properties: dict[str, Any], function: Function) -> None:
        self._streams, self._function = streams, function
        self._arn, self._batch = properties["Stream"], properties.get("BatchSize", 100)
        self._patterns = [json.loads(each["Pattern"]) for each in properties.get("FilterCriteria", {}).get("Filters", [])]
        self._shard = streams.describe_stream(StreamArn=self._arn)["StreamDescription"]["Shards"][0]["ShardId"]
        self._place: dict[str, str] = {"ShardIteratorType": "TRIM_HORIZON"}

    def deliver(self) -> bool:
        news = self._news()
        if not news:
            return False
        self._place = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": news[-1]["dynamodb"]["SequenceNumber"]}
        records = [as_lambda_sees(record, self._arn) for record in news if _changed(record)]
        for batch in _batches([record for record in records if self._wanted(record)], self._batch):
            _hand_over(self._function, batch, key=lambda record: record["dynamodb"]["SequenceNumber"])
        return True

    def _news(self) -> list[Record]:
        """Return the records since the last time. (An iterator of moto's does not outlive a transaction that fails.)"""
        iterator = self._streams.get_shard_iterator(StreamArn=self._arn, ShardId=self._shard, **self._place)["ShardIterator"]
        records: list[Record] = self._streams.get_records(ShardIterator=iterator, Limit=1000)["Records"]
        return records

    def _wanted(self, record: Record) -> bool:
        return not self._patterns or any(fits(record, pattern) for pattern in self._patterns)


class QueueSource:
    """A queue; what its function handled is deleted from it."""

    def __init__(self, sqs: Any, properties: dict[str, Any], function: Function) -> None:
        self._sqs, self._function = sqs, function
        self._arn, self._batch = properties["Queue"], min(10, properties.get("BatchSize", 10))
        self._url = sqs.get_queue_url(QueueName=self._arn.rpartition(":")[2])["QueueUrl"]

    def deliver(self) -> bool:
        messages = self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=self._batch).get("Messages", [])
        records = [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message.get("Attributes", {}),
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": self._arn,
                "awsRegion": REGION,
            }
            for message in messages
        ]
        if records:
            _hand_over(self._function, records, key=lambda record: record["messageId"])
        for message in messages:
            self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return bool(messages)


def fits(value: Any, pattern: Any) -> bool:
    """Tell whether a record fits a filter pattern: exact values, prefixes and the presence of a field."""
    if isinstance(pattern, dict):
        return all(fits(value.get(name) if isinstance(value, dict) else None, each) for name, each in pattern.items())
    return any(_fits_one(value, each) for each in pattern)


def _fits_one(value: Any, wanted: Any) -> bool:
    if not isinstance(wanted, dict):
        return bool(value == wanted)
    ((kind, argument),) = wanted.items()
    if kind == "exists":
        return (value is not None) == argument
    assert kind == "prefix", f"no filter is written for {kind}"
    return isinstance(value, str) and value.startswith(argument)


def as_lambda_sees(record: Record, arn: str) -> Record:
    """Return a stream record as Lambda hands it on: plain JSON, with the stream it comes from."""
    plain: Record = json.loads(json.dumps(record, default=_plain))
    return plain | {"eventSource": "aws:dynamodb", "eventSourceARN": arn}


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value.timestamp()


def _changed(record: Record) -> bool:
    """moto records a write that changed nothing; AWS does not."""
    return bool(record["dynamodb"].get("OldImage") != record["dynamodb"].get("NewImage"))


def _batches(records: list[Record], size: int) -> Iterator[list[Record]]:
    for start in range(0, len(records), size):
        yield records[start : start + size]


def _hand_over(function: Function, records: list[Record], *, key: Any) -> None:
    """Invoke the function with the records, again with those it reports as failed, and give up after some tries."""
    for _ in range(MOST_TRIES):
        answer = function.invoke({"Records": records}) or {}
        failed = {failure["itemIdentifier"] for failure in answer.get("batchItemFailures", [])}
        records = [record for record in records if key(record) in failed]
        if not records:
            return
    raise AssertionError(f"{function.name} does not handle {records}")
