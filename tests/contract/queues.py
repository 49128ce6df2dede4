"""Queues as moto keeps them: what a topic puts into one, and what a function gets out of it."""

import json
from collections.abc import Callable
from typing import Any

from moto.sqs.models import sqs_backends

from .makers import ACCOUNT, REGION
from .sources import Record


def subscribed_queue(arn: str, *, raw: bool) -> Callable[[Record], None]:
    """Return what puts a topic's message into a queue: as it is, with its attributes, or in the topic's envelope."""
    name = arn.rpartition(":")[2]

    def put(record: Record) -> None:
        notice = record["Sns"]
        body = notice["Message"] if raw else json.dumps({key: value for key, value in notice.items() if value})
        sent = notice["MessageAttributes"].items() if raw else ()
        attributes = {key: {"DataType": each["Type"], "StringValue": each["Value"]} for key, each in sent}
        sqs_backends[ACCOUNT][REGION].send_message(name, body, message_attributes=attributes)

    return put


def message_record(message: Any, arn: str) -> Record:
    """Return a received message as Lambda hands it over."""
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
