"""Send messages to clients through the gateway that holds their connections. Twin: monolith/live/client.py."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from microservices.aws import client

THREADS = 16  # concurrent calls of the gateway: one after another, their network latencies would add up
MAX_FAILURES = 5  # messages in a row that a client misses before its connection is closed
SEND_SECONDS = 4.0  # no call starts later, so that the function ends before its timeout and the event is not repeated
_GONE = "GoneException"
_NOT_TRIED = "not tried in time"

_log = Logger()


@dataclass(frozen=True, slots=True)
class Delivery:
    """The connections that got a message, and those that are closed. All others missed it."""

    reached: Sequence[str]
    closed: Sequence[str]


class Clients:
    def __init__(self, endpoint: str, *, send_seconds: float = SEND_SECONDS) -> None:
        self._endpoint = endpoint
        self._send_seconds = send_seconds
        self._failures: Counter[str] = Counter()  # messages in a row that a connection missed; most have no entry

    def send(self, connections: Sequence[str], text: str) -> Delivery:
        """Send a text to all connections. If one fails, only that one misses the text.

        Connections that failed before come last. One that misses MAX_FAILURES messages in a row is closed.
        """
        deadline = time.monotonic() + self._send_seconds
        gateway, data = self._gateway, text.encode()

        def post(connection: str) -> str | None:
            if time.monotonic() > deadline:
                return _NOT_TRIED
            return _try(gateway.post_to_connection, ConnectionId=connection, Data=data)

        ordered = sorted(connections, key=self._failures.__getitem__)
        with ThreadPoolExecutor(THREADS) as pool:
            errors = dict(zip(ordered, pool.map(post, ordered), strict=True))
            slow = self._count_failures(errors)
            list(pool.map(lambda one: _try(gateway.delete_connection, ConnectionId=one), slow))
        closed = [connection for connection, error in errors.items() if error == _GONE]
        return Delivery([each for each, error in errors.items() if error is None], closed + slow)

    def _count_failures(self, errors: Mapping[str, str | None]) -> list[str]:
        """Count and log the failures. Return the connections that have missed too many messages."""
        for connection, error in errors.items():
            if error in (None, _GONE):
                self._failures.pop(connection, None)
            elif error != _NOT_TRIED:
                self._failures[connection] += 1
        slow = [each for each in errors if self._failures.get(each, 0) >= MAX_FAILURES]
        for connection in slow:
            del self._failures[connection]
        if missed := Counter(error for error in errors.values() if error not in (None, _GONE)):
            _log.warning("connections missed a message", errors=missed, closed=len(slow))
        return slow

    @cached_property
    def _gateway(self) -> Any:
        # Created on first use, because most events have no subscriber. The threads of the pool share it.
        # The second attempt is for an open connection that died while Lambda froze the process.
        return client("apigatewaymanagementapi", attempts=2, threads=THREADS, read_timeout=1, endpoint=self._endpoint)


def _try(call: Callable[..., object], **parameters: object) -> str | None:
    """Make a call of the gateway. Return the code of its error, None if there was none."""
    try:
        call(**parameters)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    except BotoCoreError as error:
        return type(error).__name__
    return None
