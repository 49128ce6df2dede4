"""Watches what a function asks of its stores: every call, what of this thread's processor time it took, what units it consumed.

It hooks into botocore below every client, so that a call which a store makes unseen is seen too. Calls of other threads are
nobody's request: views are sent by one of their own.
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
    """The calls since the last reset: names in order, seconds of this thread's processor in all, units consumed in all."""

    names: list[str] = field(default_factory=list)
    seconds: float = 0.0
    units: float = 0.0

    def reset(self) -> None:
        """Forget them."""
        self.names, self.seconds, self.units = [], 0.0, 0.0


@contextmanager
def spied() -> Iterator[Calls]:
    """Watch every call of this process while the block lasts."""
    calls, original, asking = Calls(), BaseClient._make_api_call, get_ident()

    def watched(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
        if get_ident() != asking:
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
