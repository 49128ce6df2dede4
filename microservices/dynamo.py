"""Attribute values, failed conditions and batches of the DynamoDB stores. Twin: monolith/database.py.

There is no unit of work here. Where several items must change together, a store has one method with one transaction.

All tables store a time as RFC 3339 text in UTC with milliseconds: it is readable in the console and sorts by time.
The one exception is `expires_at`: DynamoDB deletes expired items only if that attribute is a number of seconds since 1970.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from shared_domain.contract.times import from_rfc3339, to_rfc3339
from shared_domain.errors import Conflict, DomainError, Unavailable

Item = Mapping[str, Mapping[str, Any]]
Value = dict[str, Any]
Values = dict[str, Value]

MAX_BATCH_GET_KEYS = 100
MAX_BATCH_WRITES = 25
THROTTLING_REASONS = frozenset(
    {"ThrottlingError", "ProvisionedThroughputExceeded"}
)  # reasons of a cancelled transaction
_PAUSES = (0.05, 0.1, 0.2, 0.4)  # seconds before the unprocessed rest of a batch is sent again


def text(value: str) -> Value:
    return {"S": value}


def number(value: int) -> Value:
    return {"N": str(value)}


def texts(values: Sequence[str]) -> Value:
    return {"L": [text(value) for value in values]}


def timestamp(moment: datetime) -> Value:
    """Return the time as text in the format of all tables."""
    return text(to_rfc3339(moment))


def parse_timestamp(value: Mapping[str, Any]) -> datetime:
    """Parse an attribute that `timestamp` made."""
    return from_rfc3339(value["S"])


def expiry(moment: datetime) -> Value:
    """Return the value of `expires_at`, DynamoDB's time to live: whole seconds since 1970."""
    return number(int(moment.timestamp()))


def parse_expiry(value: Mapping[str, Any]) -> datetime:
    """Parse an attribute that `expiry` made."""
    return datetime.fromtimestamp(int(value["N"]), UTC)


@contextmanager
def map_failed_conditions(*errors: DomainError) -> Iterator[None]:
    """Raise the n-th error if the condition on the n-th write fails, and Conflict if another transaction writes the item.

    Every other error passes through: it is a bug, or the store is unavailable.
    """
    try:
        yield
    except ClientError as failure:
        error = _domain_error(failure, errors)
        if error is None:
            raise
        raise error from failure


def _domain_error(failure: ClientError, errors: Sequence[DomainError]) -> DomainError | None:
    code = failure.response["Error"]["Code"]
    if code == "ConditionalCheckFailedException":
        return errors[0]
    if code == "TransactionConflictException":
        return Conflict("another transaction is writing the item")
    if code == "TransactionCanceledException":
        return _cancellation_error([reason["Code"] for reason in failure.response["CancellationReasons"]], errors)
    return None


def _cancellation_error(codes: Sequence[str], errors: Sequence[DomainError]) -> DomainError | None:
    for code, error in zip(codes, errors, strict=False):
        if code == "ConditionalCheckFailed":
            return error
    if "TransactionConflict" in codes:
        return Conflict("another transaction is writing the item")
    return Unavailable("the data store is unavailable") if THROTTLING_REASONS.intersection(codes) else None


def batch_get(dynamodb: Any, table: str, keys: Sequence[Values]) -> Iterator[Item]:
    """Yield the items of the keys that exist, in any order: one strongly consistent call per hundred keys."""
    for start in range(0, len(keys), MAX_BATCH_GET_KEYS):
        request = {table: {"Keys": list(keys[start : start + MAX_BATCH_GET_KEYS]), "ConsistentRead": True}}
        for response in _call_until_processed(dynamodb.batch_get_item, request, rest="UnprocessedKeys"):
            yield from response["Responses"].get(table, [])


def batch_write(dynamodb: Any, table: str, requests: Sequence[Mapping[str, Any]]) -> None:
    """Execute put and delete requests, each independent of the others: one call per twenty-five."""
    for start in range(0, len(requests), MAX_BATCH_WRITES):
        request = {table: list(requests[start : start + MAX_BATCH_WRITES])}
        for _ in _call_until_processed(dynamodb.batch_write_item, request, rest="UnprocessedItems"):
            pass


def _call_until_processed(call: Callable[..., Any], request: Mapping[str, Any], *, rest: str) -> Iterator[Any]:
    """Repeat the call for the items that a throttled table left unprocessed. Raise Unavailable if the last try leaves some."""
    for pause in (*_PAUSES, None):
        response = call(RequestItems=request)
        yield response
        request = response.get(rest)
        if not request:
            return
        if pause is not None:
            time.sleep(pause)
    raise Unavailable("the data store is unavailable")
