"""Read the new records of streams, topics and buckets from moto's memory.

Reading over moto's API would cost every request tens of milliseconds.
"""

import json
import uuid
from datetime import UTC, datetime
from itertools import count
from typing import Any, Protocol
from urllib.parse import quote_plus, unquote_plus

from moto.dynamodb.models import dynamodb_backends
from moto.kinesis.models import kinesis_backends
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from .resources import ACCOUNT, REGION

ALL = 10**6  # messages in one receive
Record = dict[str, Any]


class Source(Protocol):
    """A source of records with subscribers."""

    def take(self) -> list[Record]:
        """Return the new records since the last call, as records of a Lambda event."""


class TableStream:
    """A DynamoDB table's stream."""

    def __init__(self, arn: str) -> None:
        self._arn = arn

    def take(self) -> list[Record]:
        # Look the table up each time: a failed transaction replaces it by a copy.
        shard: Any = dynamodb_backends[ACCOUNT][REGION].tables[self._arn.split("/")[1]].stream_shard
        records = [record.to_json() | {"eventSourceARN": self._arn} for record in shard.items]
        shard.starting_sequence_number += len(records)  # continue the numbering
        shard.items.clear()
        return [json.loads(json.dumps(record, default=datetime.timestamp)) for record in records if _changed(record)]


class KinesisStream:
    """A Kinesis stream, read shard by shard."""

    def __init__(self, arn: str) -> None:
        self._arn = arn
        self._stream = kinesis_backends[ACCOUNT][REGION].streams[arn.rpartition("/")[2]]
        self._taken: dict[str, int] = {}

    def take(self) -> list[Record]:
        return [record for shard in self._stream.shards.values() for record in self._of_shard(shard)]

    def _of_shard(self, shard: Any) -> list[Record]:
        put = list(shard.records.values())[self._taken.get(shard.shard_id, 0) :]
        self._taken[shard.shard_id] = len(shard.records)
        return [self._record(each, shard.shard_id) for each in put]

    def _record(self, put: Any, shard: str) -> Record:
        place = f"{put.sequence_number:056d}"
        payloads = {"partitionKey": put.partition_key, "sequenceNumber": place, "data": put.data}
        return {
            "kinesis": {"kinesisSchemaVersion": "1.0", "approximateArrivalTimestamp": put.created_at, **payloads},
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": f"{shard}:{place}",
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": f"arn:aws:iam::{ACCOUNT}:role/any",
            "awsRegion": REGION,
            "eventSourceARN": self._arn,
        }


class Bucket:
    """The object events of an S3 bucket. moto sends them to a private queue."""

    def __init__(self, name: str) -> None:
        self._queue = f"{name}-notifications"
        self._places = count(1)
        queue = sqs_backends[ACCOUNT][REGION].create_queue(self._queue, {})
        payloads = {"Queue": queue.queue_arn, "Event": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]}
        s3_backends[ACCOUNT]["aws"].put_bucket_notification_configuration(name, {"QueueConfiguration": [payloads]})

    def take(self) -> list[Record]:
        sqs = sqs_backends[ACCOUNT][REGION]
        if not sqs.get_queue(self._queue).messages:
            return []  # receiving from an empty queue is slow in moto
        received = sqs.receive_message(self._queue, ALL, 0, 1)
        for message in received:
            sqs.delete_message(self._queue, str(message.receipt_handle))
        payloads = [json.loads(message.body) for message in received]
        # The first message is a test event without records.
        records = [record for each in payloads for record in each.get("Records", [])]
        for record in records:
            stored = record["s3"]["object"]
            stored["key"] = quote_plus(unquote_plus(stored["key"]), safe="/")  # moto encodes the slashes too
            stored["sequencer"] = f"{next(self._places):016X}"
        return records


class Topic:
    """An SNS topic. moto does not know its subscriptions, since it would sign every message."""

    def __init__(self, arn: str) -> None:
        self._arn = arn
        self._sent = sns_backends[ACCOUNT][REGION].topics[arn].sent_notifications

    def take(self) -> list[Record]:
        notices = [
            self._notice(message, subject, attributes or {}) for _, message, subject, attributes, _ in self._sent
        ]
        self._sent.clear()
        return [{"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": notice} for notice in notices]

    def _notice(self, message: str, subject: str | None, attributes: Record) -> Record:
        return {
            "Type": "Notification",
            "MessageId": str(uuid.uuid4()),
            "TopicArn": self._arn,
            "Subject": subject,
            "Message": message,
            "Timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "SignatureVersion": "1",
            "Signature": "none",
            "SigningCertUrl": f"https://sns.{REGION}.amazonaws.com/none.pem",
            "UnsubscribeUrl": f"https://sns.{REGION}.amazonaws.com/",
            "MessageAttributes": attributes,
        }


def _changed(record: Record) -> bool:
    """Return whether a write changed the item. Unlike AWS, moto also records writes that change nothing."""
    return bool(record["dynamodb"].get("OldImage") != record["dynamodb"].get("NewImage"))
