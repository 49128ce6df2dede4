"""Domain events: what one service publishes and any other may hear. The monolith has no such file: there, it is a plain call.

An event is a JSON object with its `type`, which is also the attribute that subscriptions filter by. Who changes a form, changes
a contract between services.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

Publish = Callable[[str, Mapping[str, Any]], None]


class _Event(msgspec.Struct):
    type: str


def publishing(sns: Any, topic_arn: str) -> Publish:
    """Return what tells an event of a type, e.g. `order.placed`, to whoever subscribed to it."""

    def publish(kind: str, told: Mapping[str, Any]) -> None:
        sns.publish(
            TopicArn=topic_arn,
            Message=json.dumps({"type": kind, **told}),
            MessageAttributes={"type": {"DataType": "String", "StringValue": kind}},
        )

    return publish


def type_of(event: str) -> str:
    """Return the type of an event. Raise msgspec.ValidationError or DecodeError for what is none."""
    return msgspec.json.decode(event, type=_Event).type
