"""SQS queues in moto: subscriptions that fill them, and functions that read them."""

import json
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from random import Random
from typing import Any

from moto.sqs.models import sqs_backends

from .backlogs import NONE, Reader, least
from .record_sources import Record
from .resources import ACCOUNT, REGION

INVISIBLE_S = 60


class QueueBacklog:
    """A queue of moto, which counts receives and moves messages to the dead-letter queue."""

    def __init__(self, reader: Reader, arn: str) -> None:
        self.reader = reader
        self._arn = arn
        self._name = arn.rpartition(":")[2]

    def take(self, most: int | None = None) -> list[Record]:
        if not self.is_waiting():
            return []  # receiving from an empty queue is slow in moto
        count = least(self.reader.batch, most)
        received = self._backend.receive_message(self._name, count, 0, INVISIBLE_S, message_attribute_names=["All"])
        records = [_record(message, self._arn) for message in received]
        wanted = [record for record in records if self.reader.wanted(record)]
        self.settle([record for record in records if record not in wanted], NONE)
        return wanted if wanted or not records else self.take(most)

    def settle(self, batch: Sequence[Record], failed: AbstractSet[str]) -> None:
        for record in batch:
            if record["messageId"] in failed:
                self._backend.change_message_visibility(self._name, record["receiptHandle"], -1)
            else:
                self._backend.delete_message(self._name, record["receiptHandle"])

    def shuffle(self, chance: Random) -> None:
        chance.shuffle(self._queue._messages)

    def is_waiting(self) -> bool:
        return bool(self._queue.messages)

    @property
    def most_tries(self) -> int:
        return int(self._queue.redrive_policy["maxReceiveCount"])

    @property
    def _queue(self) -> Any:
        return self._backend.get_queue(self._name)

    @property
    def _backend(self) -> Any:
        return sqs_backends[ACCOUNT][REGION]


def subscribed_queue(arn: str, *, raw: bool) -> Callable[[Record], None]:
    """Return a subscriber that puts a topic's message into a queue, raw or in the topic's envelope."""
    name = arn.rpartition(":")[2]

    def put(record: Record) -> None:
        notice = record["Sns"]
        body = notice["Message"] if raw else json.dumps({key: value for key, value in notice.items() if value})
        sent = notice["MessageAttributes"].items() if raw else ()
        attributes = {key: {"DataType": each["Type"], "StringValue": each["Value"]} for key, each in sent}
        sqs_backends[ACCOUNT][REGION].send_message(name, body, message_attributes=attributes)

    return put


def _record(message: Any, arn: str) -> Record:
    """Return a received message as a record of a Lambda event."""
    attributes = message.message_attributes.items()
    empty: Record = {"stringListValues": [], "binaryListValues": []}
    return {
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": {
            "ApproximateReceiveCount": str(message.approximate_receive_count),
            "SentTimestamp": str(message.sent_timestamp),
            "SenderId": message.sender_id,
            "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp),
        },
        "messageAttributes": {
            name: {"stringValue": each["StringValue"], "dataType": each["DataType"], **empty}
            for name, each in attributes
        },
        "md5OfBody": message.body_md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": REGION,
    }
