"""Handle an SQS batch and report the messages that failed, so that only those are redelivered.

After some attempts SQS moves a message to the dead-letter queue.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec
from aws_lambda_powertools import Logger

Message = dict[str, Any]
BatchResponse = dict[str, list[dict[str, str]]]
Result = TypeVar("Result")

_log = Logger()


class _Envelope(msgspec.Struct, tag_field="Type", tag="Notification", rename="pascal"):
    """The wrapper that SNS puts around an event for a subscription without raw message delivery."""

    message: str


def handle_messages(
    messages: Sequence[Message], handle_event: Callable[[str], Result]
) -> tuple[list[Result], BatchResponse]:
    """Handle the events of the messages. Return the results, and the function's response that names the failed messages.

    The error of a failed message is logged, because a dead letter does not contain it.
    """
    results: list[Result] = []
    failed: list[str] = []
    for message in messages:
        try:
            results.append(handle_event(_unwrap(message["body"])))
        except Exception:
            _log.exception("a message failed", message_id=message["messageId"])
            failed.append(message["messageId"])
    return results, {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}


def _unwrap(body: str) -> str:
    """Return the event of a message body, which may be in SNS's envelope."""
    try:
        return msgspec.json.decode(body, type=_Envelope).message
    except msgspec.MsgspecError:
        return body
