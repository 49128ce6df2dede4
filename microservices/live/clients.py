"""The clients, as far as the gateway holds their connections: telling many at once. Twin: monolith/live/client.py."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any

from botocore.exceptions import ClientError

from microservices.aws import client

AT_ONCE = 16  # calls to the gateway; each waits for the network, so one after the other would be the sum of all waits


class Clients:
    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint

    def tell(self, connections: Sequence[str], text: str) -> list[str]:
        """Send a text to all connections; return those that are gone. Raise what the gateway says where it fails otherwise."""
        gateway = self._gateway
        with ThreadPoolExecutor(AT_ONCE) as pool:
            gone = list(pool.map(lambda connection: _is_gone(gateway, connection, text), connections))
        return [connection for connection, it_is in zip(connections, gone, strict=True) if it_is]

    @cached_property
    def _gateway(self) -> Any:
        # Made when first needed: most news has no listener. The pool's threads share it.
        return client("apigatewaymanagementapi", endpoint=self._endpoint, at_once=AT_ONCE)


def _is_gone(gateway: Any, connection: str, text: str) -> bool:
    try:
        gateway.post_to_connection(ConnectionId=connection, Data=text.encode())
    except ClientError as error:
        if error.response["Error"]["Code"] != "GoneException":
            raise
        return True
    return False
