"""The live feed over a WebSocket, in the event loop of the worker. Twin: microservices/live/connections.py."""

from collections.abc import Awaitable, Callable
from typing import Any

from monolith.live.client import Client, Send
from monolith.live.hub import Hub
from shared_domain.contract.live import error_json, parse_topic, subscribed_json
from shared_domain.errors import DomainError, Unavailable

Receive = Callable[[], Awaitable[dict[str, Any]]]

PATH = "/live"
_TRY_AGAIN_LATER = 1013


def create_handler(hub: Hub) -> Callable[[Receive, Send], Awaitable[None]]:
    """Return the handler of a WebSocket connection."""

    async def live(receive: Receive, send: Send) -> None:
        """Serve a client until it disconnects."""
        await send({"type": "websocket.accept"})
        try:
            hub.require_capacity()
        except Unavailable as error:
            await send({"type": "websocket.close", "code": _TRY_AGAIN_LATER, "reason": str(error)})
            return
        client = Client(send)
        hub.join(client)
        try:
            await client.serve(_handle_messages(hub, client, receive))
        finally:
            hub.leave(client)

    return live


async def _handle_messages(hub: Hub, client: Client, receive: Receive) -> None:
    while (event := await receive())["type"] != "websocket.disconnect":
        if event["type"] == "websocket.receive":
            text = event.get("text")
            client.send(_handle_message(hub, client, event["bytes"] if text is None else text))


def _handle_message(hub: Hub, client: Client, message: str | bytes) -> str:
    """Subscribe the client and return the reply. An invalid message gets an error and keeps the connection open."""
    try:
        topic = parse_topic(message)
        hub.subscribe(client, topic)
    except DomainError as error:
        return error_json(error)
    return subscribed_json(topic)
