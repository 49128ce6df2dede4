"""Where events begin: streams and topics, read where moto keeps them.

Asked over its API, they would cost every request tens of milliseconds.
"""

import json
import uuid
from datetime import UTC, datetime
from typing import Any, Protocol

from moto.dynamodb.models import dynamodb_backends
from moto.sns.models import sns_backends

from .makers import ACCOUNT, REGION

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
        shard = dynamodb_backends[ACCOUNT][REGION].tables[self._arn.split("/")[1]].stream_shard
        records = [record.to_json() | {"eventSourceARN": self._arn} for record in shard.items]
        shard.starting_sequence_number += len(records)  # so that the numbers go on
        shard.items.clear()
        return [json.loads(json.dumps(record, default=datetime.timestamp)) for record in records if _changed(record)]


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
