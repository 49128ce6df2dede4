"""Record a function's store calls: their names, their processor time in this thread, their consumed units.

It hooks into botocore below every client, so no call is missed. Calls of other threads do not count.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import get_ident
from time import thread_time
from typing import Any

from botocore.client import BaseClient

METERED = {"GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"}


@dataclass(slots=True)
class Calls:
    """The calls since the last reset: names in order, processor seconds of this thread, consumed units."""

    names: list[str] = field(default_factory=list)
    seconds: float = 0.0
    units: float = 0.0

    def reset(self) -> None:
        """Forget all calls."""
        self.names, self.seconds, self.units = [], 0.0, 0.0


@contextmanager
def record_calls() -> Iterator[Calls]:
    """Record every call of this process in a block."""
    calls, original, thread = Calls(), BaseClient._make_api_call, get_ident()

    def watched(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
        if get_ident() != thread:
            return original(client, operation, parameters)
        began = thread_time()
        metered = {"ReturnConsumedCapacity": "TOTAL"} if operation in METERED else {}
        try:
            answer = original(client, operation, {**parameters, **metered})
        finally:
            calls.names.append(operation)
            calls.seconds += thread_time() - began
        consumed = answer.get("ConsumedCapacity", [])
        calls.units += sum(each["CapacityUnits"] for each in (consumed if isinstance(consumed, list) else [consumed]))
        return answer

    BaseClient._make_api_call = watched
    try:
        yield calls
    finally:
        BaseClient._make_api_call = original
