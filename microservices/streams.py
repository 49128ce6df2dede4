"""What wakes on a table's stream: records one by one, each failure its own, and what cannot be handled parked with its reason.

On AWS the event source mapping would retry, bisect and park by itself, and the templates say so. This is for the poison
record all the same: it must not hold up the rest of its batch.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from microservices.aws import is_away

TRIES = 3
_SEQUENCE_DIGITS = 40

Record = dict[str, Any]
Handled = TypeVar("Handled")
Park = Callable[[Record, str], None]


def settle(records: Sequence[Record], handle: Callable[[Record], Handled], *, park: Park) -> list[Handled]:
    """Return what `handle` makes of the records. One that fails three times is parked and the rest goes on.

    Raise where a service is away: no record is to blame, and the whole batch comes again.
    """
    handled, failed = _attempt(records, handle)
    for _ in range(TRIES - 1):
        again, failed = _attempt([record for record, _ in failed], handle)
        handled += again
    for record, error in failed:
        if is_away(error):
            raise error
        park(record, f"{type(error).__name__}: {error}")
    return handled


def parking(sqs: Any, queue_url: str, *, function: str) -> Park:
    """Return what puts a record into a queue, with the reason why the function could not handle it. See replay.py."""

    def park(record: Record, reason: str) -> None:
        parked = {"function": function, "reason": reason, "record": record}
        sqs.send_message(QueueUrl=queue_url, MessageBody=json.dumps(parked, default=str))

    return park


def sequence(record: Record) -> str:
    """Return the record's place in its stream, in digits that sort: of one item's records the newest has the largest."""
    return str(record["dynamodb"]["SequenceNumber"]).zfill(_SEQUENCE_DIGITS)


def new_image(record: Record) -> dict[str, Any] | None:
    """Return the item as the record left it, None where it was removed."""
    image: dict[str, Any] | None = record["dynamodb"].get("NewImage")
    return None if record["eventName"] == "REMOVE" else image


def _attempt(
    records: Sequence[Record], handle: Callable[[Record], Handled]
) -> tuple[list[Handled], list[tuple[Record, Exception]]]:
    handled, failed = [], []
    for record in records:
        try:
            handled.append(handle(record))
        except Exception as error:
            failed.append((record, error))
    return handled, failed
