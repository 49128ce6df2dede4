"""Send messages to clients through the gateway that holds their connections. Twin: monolith/live/client.py."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any

from botocore.exceptions import ClientError

from microservices.aws import client

THREADS = 16  # concurrent calls of the gateway: one after another, their network latencies would add up


class Clients:
    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint

    def send(self, connections: Sequence[str], text: str) -> list[str]:
        """Send a text to all connections; return those that are closed. Raise any other error of the gateway."""
        gateway = self._gateway
        with ThreadPoolExecutor(THREADS) as pool:
            closed = list(pool.map(lambda connection: _is_closed(gateway, connection, text), connections))
        return [connection for connection, is_closed in zip(connections, closed, strict=True) if is_closed]

    @cached_property
    def _gateway(self) -> Any:
        # Created on first use, because most events have no subscriber. The threads of the pool share it.
        return client("apigatewaymanagementapi", endpoint=self._endpoint, threads=THREADS)


def _is_closed(gateway: Any, connection: str, text: str) -> bool:
    """Send the text; return whether the gateway answers that the connection is closed."""
    try:
        gateway.post_to_connection(ConnectionId=connection, Data=text.encode())
    except ClientError as error:
        if error.response["Error"]["Code"] != "GoneException":
            raise
        return True
    return False
