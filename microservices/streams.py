"""Handle a stream's batch record by record. A record that cannot be handled is parked: moved to a queue, with its reason.

On AWS the event source mapping retries, bisects and parks as well; the templates configure that.
This code prevents one bad record from delaying the rest of its batch.
"""

import json
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, TypeVar

from microservices.aws import is_unavailable

MAX_ATTEMPTS = 3
_SEQUENCE_DIGITS = 40

Record = dict[str, Any]
Result = TypeVar("Result")
Unit = TypeVar("Unit")  # a record, or a group of records that are handled together
Park = Callable[[Record, str], None]


def handle_records(
    units: Sequence[Unit],
    handle: Callable[[Unit], Result],
    *,
    key: Callable[[Unit], Hashable],
    park: Callable[[Unit, str], None],
) -> list[Result]:
    """Handle each unit and return the results. Park a unit that fails three times, and continue with the others.

    Units of one key are handled in order: while one is retried, later units of the key wait. Units whose key cannot be read share
    one queue; handling them raises the error that explains why. If a service is unavailable, raise that error, so that AWS
    delivers the whole batch again: the units are not the cause.
    """
    results: list[Result] = []
    for queue in _group_by_key(units, key):
        for unit in queue:
            error = _try_to_handle(unit, handle, results)
            if error is not None and is_unavailable(error):
                raise error
            if error is not None:
                park(unit, f"{type(error).__name__}: {error}")
    return results


def make_parking(sqs: Any, queue_url: str, *, function: str) -> Park:
    """Return a function that sends a record to a queue, with the function that failed and the reason. replay.py reads it."""

    def park(record: Record, reason: str) -> None:
        parked = {"function": function, "reason": reason, "record": record}
        sqs.send_message(QueueUrl=queue_url, MessageBody=json.dumps(parked, default=str))

    return park


def sequence_number(record: Record) -> str:
    """Return the record's position in its stream as zero-padded digits, so that the newest record of an item sorts last."""
    return str(record["dynamodb"]["SequenceNumber"]).zfill(_SEQUENCE_DIGITS)


def new_image(record: Record) -> dict[str, Any] | None:
    """Return the item after the change, None if it was removed."""
    image: dict[str, Any] | None = record["dynamodb"].get("NewImage")
    return None if record["eventName"] == "REMOVE" else image


def item_key(record: Record) -> Hashable:
    """Return the key of the record's item in a hashable form. Raise KeyError or TypeError for a record without a key."""
    return json.dumps(record["dynamodb"]["Keys"], sort_keys=True)


def _group_by_key(units: Sequence[Unit], key: Callable[[Unit], Hashable]) -> Iterable[Sequence[Unit]]:
    queues: dict[Hashable, list[Unit]] = {}
    for unit in units:
        queues.setdefault(_read_key(unit, key), []).append(unit)
    return queues.values()


def _read_key(unit: Unit, key: Callable[[Unit], Hashable]) -> Hashable:
    try:
        hash(found := key(unit))
    except (AttributeError, LookupError, TypeError):
        return None  # shared by all units whose key cannot be read
    return found


def _try_to_handle(unit: Unit, handle: Callable[[Unit], Result], results: list[Result]) -> Exception | None:
    """Handle a unit in at most three attempts and append its result; return the last error if all attempts failed."""
    for remaining in reversed(range(MAX_ATTEMPTS)):
        try:
            results.append(handle(unit))
        except Exception as error:
            if not remaining:
                return error
        else:
            break
    return None
