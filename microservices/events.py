"""Publish domain events to the topic that all services may subscribe to. The monolith has no such file: it calls functions.

An event is a JSON object with a `type`. The type is also a message attribute, which subscriptions filter by.
The fields of an event are a contract between services: changing them breaks its subscribers.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

Publish = Callable[[str, Mapping[str, Any]], None]


class _Event(msgspec.Struct):
    type: str


def make_publisher(sns: Any, topic_arn: str) -> Publish:
    """Return a function that publishes an event of a type, e.g. `order.placed`, with its fields."""

    def publish(event_type: str, fields: Mapping[str, Any]) -> None:
        sns.publish(
            TopicArn=topic_arn,
            Message=json.dumps({"type": event_type, **fields}),
            MessageAttributes={"type": {"DataType": "String", "StringValue": event_type}},
        )

    return publish


def parse_type(event: str) -> str:
    """Return the type of an event. Raise msgspec.ValidationError or DecodeError if it has none."""
    return msgspec.json.decode(event, type=_Event).type
