"""What the DynamoDB stores share: attribute values, and failed conditions as domain errors. Twin: monolith/database.py.

There is no unit of work here. Where several items must change together, a store has one method with one transaction.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

from shared_domain.errors import Conflict, DomainError, Unavailable

Item = Mapping[str, Mapping[str, Any]]
Values = dict[str, dict[str, Any]]

MAX_BATCH_GET_KEYS = 100
MAX_BATCH_WRITES = 25
THROTTLED = frozenset({"ThrottlingError", "ProvisionedThroughputExceeded"})  # as reasons of a cancelled transaction
_PAUSES = (0.05, 0.1, 0.2, 0.4)  # seconds before a batch's rest is tried again


def text(value: str) -> dict[str, Any]:
    return {"S": value}


def number(value: int) -> dict[str, Any]:
    return {"N": str(value)}


def texts(values: Sequence[str]) -> dict[str, Any]:
    return {"L": [text(value) for value in values]}


@contextmanager
def refused(*meanings: DomainError) -> Iterator[None]:
    """Raise the n-th meaning where the condition on the n-th write fails, Conflict where another transaction is at it.

    Everything else passes: it is a fault of ours, or the store is away.
    """
    try:
        yield
    except ClientError as error:
        meaning = _meaning(error, meanings)
        if meaning is None:
            raise
        raise meaning from error


def _meaning(error: ClientError, meanings: Sequence[DomainError]) -> DomainError | None:
    code = error.response["Error"]["Code"]
    if code == "ConditionalCheckFailedException":
        return meanings[0]
    if code == "TransactionConflictException":
        return Conflict("others are writing it at the moment")
    if code == "TransactionCanceledException":
        return _reason([reason["Code"] for reason in error.response["CancellationReasons"]], meanings)
    return None


def _reason(codes: Sequence[str], meanings: Sequence[DomainError]) -> DomainError | None:
    for code, meaning in zip(codes, meanings, strict=False):
        if code == "ConditionalCheckFailed":
            return meaning
    if "TransactionConflict" in codes:
        return Conflict("others are writing it at the moment")
    return Unavailable("the table takes no more at the moment") if THROTTLED.intersection(codes) else None


def batch_get(dynamodb: Any, table: str, keys: Sequence[Values]) -> Iterator[Item]:
    """Give the items of the keys that exist, in any order: one strongly consistent call for every hundred keys."""
    for start in range(0, len(keys), MAX_BATCH_GET_KEYS):
        wanted = {table: {"Keys": list(keys[start : start + MAX_BATCH_GET_KEYS]), "ConsistentRead": True}}
        for answer in _until_done(dynamodb.batch_get_item, wanted, rest="UnprocessedKeys"):
            yield from answer["Responses"].get(table, [])


def batch_write(dynamodb: Any, table: str, requests: Sequence[Mapping[str, Any]]) -> None:
    """Carry out put and delete requests, each by itself: one call for every twenty-five."""
    for start in range(0, len(requests), MAX_BATCH_WRITES):
        wanted = {table: list(requests[start : start + MAX_BATCH_WRITES])}
        for _ in _until_done(dynamodb.batch_write_item, wanted, rest="UnprocessedItems"):
            pass


def _until_done(call: Callable[..., Any], wanted: Mapping[str, Any], *, rest: str) -> Iterator[Any]:
    """Call again for what a loaded table leaves over. Raise Unavailable where it keeps leaving some."""
    for pause in (*_PAUSES, None):
        answer = call(RequestItems=wanted)
        yield answer
        wanted = answer.get(rest)
        if not wanted:
            return
        if pause is not None:
            time.sleep(pause)
    raise Unavailable("the table takes no more at the moment")
