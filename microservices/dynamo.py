"""What the DynamoDB stores share: attribute values, and failed conditions as domain errors. Twin: monolith/database.py.

There is no unit of work here. Where several items must change together, a store has one method with one transaction.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

from shared_domain.errors import Conflict, DomainError

Item = Mapping[str, Mapping[str, Any]]
Values = dict[str, dict[str, Any]]

MOST_KEYS_OF_A_BATCH = 100


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
    return None


def batch_get(dynamodb: Any, table: str, keys: Sequence[Values]) -> Iterator[Item]:
    """Give the items of the keys that exist, in any order: one strongly consistent call for every hundred keys."""
    for start in range(0, len(keys), MOST_KEYS_OF_A_BATCH):
        wanted = {table: {"Keys": list(keys[start : start + MOST_KEYS_OF_A_BATCH]), "ConsistentRead": True}}
        while wanted:  # what a loaded table leaves over comes back as unprocessed
            answer = dynamodb.batch_get_item(RequestItems=wanted)
            yield from answer["Responses"].get(table, [])
            wanted = answer.get("UnprocessedKeys")
