"""What wakes on a queue: messages one by one. One that fails comes again alone, and after some tries goes to the dead letters."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec
from aws_lambda_powertools import Logger

Message = dict[str, Any]
Answer = dict[str, list[dict[str, str]]]
Heard = TypeVar("Heard")

_log = Logger()


class _Envelope(msgspec.Struct, tag_field="Type", tag="Notification", rename="pascal"):
    """What a topic makes of an event for a subscription without raw delivery."""

    message: str


def handle_messages(messages: Sequence[Message], hear: Callable[[str], Heard]) -> tuple[list[Heard], Answer]:
    """Return what `hear` makes of the messages' bodies, and the function's answer: which of them must come again.

    Why one must, a dead letter does not say; the log does.
    """
    heard: list[Heard] = []
    failed: list[str] = []
    for message in messages:
        try:
            heard.append(hear(_sent(message["body"])))
        except Exception:
            _log.exception("a message failed", message_id=message["messageId"])
            failed.append(message["messageId"])
    return heard, {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}


def _sent(body: str) -> str:
    """Return what was sent to the queue or, where it comes in a topic's envelope, to the topic."""
    try:
        return msgspec.json.decode(body, type=_Envelope).message
    except msgspec.MsgspecError:
        return body
