"""What wakes on a table's stream: records one by one, each failure its own, and what cannot be handled parked with its reason.

On AWS the event source mapping would retry, bisect and park by itself, and the templates say so. This is for the poison
record all the same: it must not hold up the rest of its batch.
"""

import json
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, TypeVar

from microservices.aws import is_unavailable

TRIES = 3
_SEQUENCE_DIGITS = 40

Record = dict[str, Any]
Handled = TypeVar("Handled")
Job = TypeVar("Job")
Park = Callable[[Record, str], None]


def handle_records(
    jobs: Sequence[Job],
    handle: Callable[[Job], Handled],
    *,
    key: Callable[[Job], Hashable],
    park: Callable[[Job, str], None],
) -> list[Handled]:
    """Return what `handle` makes of the jobs. One that fails three times is parked and the rest goes on.

    Jobs of one key keep their order: while one is to be tried again, those behind it wait. What raises for its key is in a line
    with all others that do, and handling it will tell why. Raise where a service is away: no job is to blame, and the whole batch
    comes again.
    """
    handled: list[Handled] = []
    for queue in _by_key(jobs, key):
        for job in queue:
            error = _tried(job, handle, handled)
            if error is not None and is_unavailable(error):
                raise error
            if error is not None:
                park(job, f"{type(error).__name__}: {error}")
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


def item_key(record: Record) -> Hashable:
    """Return what tells the item of a record from others. Raise what reading it raises for a record that says of none."""
    return json.dumps(record["dynamodb"]["Keys"], sort_keys=True)


def _by_key(jobs: Sequence[Job], key: Callable[[Job], Hashable]) -> Iterable[Sequence[Job]]:
    queues: dict[Hashable, list[Job]] = {}
    for job in jobs:
        queues.setdefault(_known(job, key), []).append(job)
    return queues.values()


def _known(job: Job, key: Callable[[Job], Hashable]) -> Hashable:
    try:
        hash(known := key(job))
    except (AttributeError, LookupError, TypeError):
        return None  # a key like any
    return known


def _tried(job: Job, handle: Callable[[Job], Handled], handled: list[Handled]) -> Exception | None:
    """Handle a job at the third try at the latest; return the error of the last one where it was not handled."""
    for remaining in reversed(range(TRIES)):
        try:
            handled.append(handle(job))
        except Exception as error:
            if not remaining:
                return error
        else:
            break
    return None
