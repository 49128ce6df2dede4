"""Where events begin: streams, topics and buckets, read where moto keeps them.

Asked over its API, they would cost every request tens of milliseconds.
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

ALL = 10**6  # messages, at once
Record = dict[str, Any]


class Source(Protocol):
    """What tells its news to all that subscribed to it."""

    def take(self) -> list[Record]:
        """Return what is new since the last time, in the form in which Lambda hands it over."""


class TableStream:
    """A DynamoDB table's stream."""

    def __init__(self, arn: str) -> None:
        self._arn = arn

    def take(self) -> list[Record]:
        # Looked up each time: a transaction that fails leaves a copy of the table in its place.
        shard: Any = dynamodb_backends[ACCOUNT][REGION].tables[self._arn.split("/")[1]].stream_shard
        records = [record.to_json() | {"eventSourceARN": self._arn} for record in shard.items]
        shard.starting_sequence_number += len(records)  # so that the numbers go on
        shard.items.clear()
        return [json.loads(json.dumps(record, default=datetime.timestamp)) for record in records if _changed(record)]


class KinesisStream:
    """A Kinesis stream: what its producers put, shard by shard."""

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
        told = {"partitionKey": put.partition_key, "sequenceNumber": place, "data": put.data}
        return {
            "kinesis": {"kinesisSchemaVersion": "1.0", "approximateArrivalTimestamp": put.created_at, **told},
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": f"{shard}:{place}",
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": f"arn:aws:iam::{ACCOUNT}:role/any",
            "awsRegion": REGION,
            "eventSourceARN": self._arn,
        }


class Bucket:
    """An S3 bucket: what is put into it and taken out. moto tells it a queue that only this knows."""

    def __init__(self, name: str) -> None:
        self._queue = f"{name}-notifications"
        self._places = count(1)
        queue = sqs_backends[ACCOUNT][REGION].create_queue(self._queue, {})
        told = {"Queue": queue.queue_arn, "Event": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]}
        s3_backends[ACCOUNT]["aws"].put_bucket_notification_configuration(name, {"QueueConfiguration": [told]})

    def take(self) -> list[Record]:
        sqs = sqs_backends[ACCOUNT][REGION]
        if not sqs.get_queue(self._queue).messages:
            return []  # receiving nothing takes moto its time
        received = sqs.receive_message(self._queue, ALL, 0, 1)
        for message in received:
            sqs.delete_message(self._queue, str(message.receipt_handle))
        told = [json.loads(message.body) for message in received]
        records = [record for each in told for record in each.get("Records", [])]  # the first is a test event with none
        for record in records:
            stored = record["s3"]["object"]
            stored["key"] = quote_plus(unquote_plus(stored["key"]), safe="/")  # moto encodes the slashes too
            stored["sequencer"] = f"{next(self._places):016X}"
        return records


class Topic:
    """An SNS topic. Its subscriptions are the templates', and not told to moto, which would sign every message."""

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
    """moto records a write that changed nothing; AWS does not."""
    return bool(record["dynamodb"].get("OldImage") != record["dynamodb"].get("NewImage"))
