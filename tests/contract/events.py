"""Delivery of streams and queues to the functions that the templates wake by them, done by the test after each request.

Streams and queues are read where moto keeps them: asked over its API, they would cost every request tens of milliseconds.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from moto.dynamodb.models import dynamodb_backends
from moto.sqs.models import sqs_backends

from .cloud import ACCOUNT, REGION, Cloud
from .functions import Function

MOST_TRIES = 3
MOST_ROUNDS = 50
Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Mapping:
    """An event source mapping of the templates: what wakes a function, and by which records."""

    source: str  # the ARN of a stream or a queue
    function: Function
    patterns: Sequence[Any]
    batch: int

    def hand_over(self, records: Sequence[Record]) -> None:
        """Hand the records that fit to the function, batch by batch."""
        wanted = [
            record for record in records if not self.patterns or any(fits(record, each) for each in self.patterns)
        ]
        for start in range(0, len(wanted), self.batch):
            _hand_over(self.function, wanted[start : start + self.batch])


def mappings(cloud: Cloud, known: dict[str, Function]) -> list[Mapping]:
    """Return the mappings of every function of the templates."""
    return [
        _mapping(known[stack.attribute(name, "Arn")], event["Properties"])
        for stack in cloud.stacks.values()
        for name, properties in stack.resources("AWS::Serverless::Function").items()
        for event in properties.get("Events", {}).values()
    ]


def deliver(everything: Sequence[Mapping]) -> None:
    """Deliver until nothing is new anywhere: what one function writes may wake another."""
    sources = dict.fromkeys(mapping.source for mapping in everything)
    for _ in range(MOST_ROUNDS):
        news = {source: _taken(source) for source in sources}
        for mapping in everything:
            mapping.hand_over(news[mapping.source])
        if not any(news.values()):
            return
    raise AssertionError("the functions wake each other without end")


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
        return (value is not None) is bool(argument)
    assert kind == "prefix", f"no filter is written for {kind}"
    return isinstance(value, str) and value.startswith(argument)


def _mapping(function: Function, properties: dict[str, Any]) -> Mapping:
    filters = properties.get("FilterCriteria", {}).get("Filters", [])
    patterns = [json.loads(each["Pattern"]) for each in filters]
    return Mapping(properties.get("Stream") or properties["Queue"], function, patterns, properties.get("BatchSize", 10))


def _taken(source: str) -> list[Record]:
    """Take what is new out of a stream or a queue."""
    return _from_queue(source) if ":sqs:" in source else _from_stream(source)


def _from_stream(arn: str) -> list[Record]:
    shard = dynamodb_backends[ACCOUNT][REGION].tables[arn.split("/")[1]].stream_shard
    assert shard is not None
    records = [record.to_json() | {"eventSourceARN": arn} for record in shard.items]
    shard.starting_sequence_number += len(shard.items)  # so that the numbers go on
    shard.items.clear()
    return [json.loads(json.dumps(record, default=datetime.timestamp)) for record in records if _changed(record)]


def _changed(record: Record) -> bool:
    """moto records a write that changed nothing; AWS does not."""
    return bool(record["dynamodb"].get("OldImage") != record["dynamodb"].get("NewImage"))


def _from_queue(arn: str) -> list[Record]:
    backend, name = sqs_backends[ACCOUNT][REGION], arn.rpartition(":")[2]
    messages = backend.receive_message(name, count=10, wait_seconds_timeout=0, visibility_timeout=60)
    for message in messages:
        backend.delete_message(name, str(message.receipt_handle))
    return [
        {
            "messageId": message.id,
            "receiptHandle": message.receipt_handle,
            "body": message.body,
            "attributes": {},
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": arn,
            "awsRegion": REGION,
        }
        for message in messages
    ]


def _hand_over(function: Function, records: Sequence[Record]) -> None:
    """Invoke the function with the records, again with those it reports as failed, and give up after some tries."""
    for _ in range(MOST_TRIES):
        answer = function.invoke({"Records": records}) or {}
        failed = {failure["itemIdentifier"] for failure in answer.get("batchItemFailures", [])}
        records = [record for record in records if _identifier(record) in failed]
        if not records:
            return
    raise AssertionError(f"{function.name} does not handle {records}")


def _identifier(record: Record) -> str:
    return str(record["messageId"] if "messageId" in record else record["dynamodb"]["SequenceNumber"])
