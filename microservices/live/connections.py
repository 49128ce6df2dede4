"""What a client does on its connection, as the WebSocket API tells it. Twin: monolith/live/routes.py."""

from typing import Any

from microservices.live.store import DynamoListeners
from shared_domain.contract.live import error_json, parse_topic, subscribed_json
from shared_domain.errors import DomainError

Answer = dict[str, Any]

_DONE: Answer = {"statusCode": 200}


def answer(listeners: DynamoListeners, event: dict[str, Any]) -> Answer:
    """Do what an event says; a `body` in the answer goes to the client.

    What happened is the gateway's word, the event's type: a route is chosen by what a client writes, and it might write
    `{"action": "$disconnect"}`.
    """
    connection, kind = event["requestContext"]["connectionId"], event["requestContext"]["eventType"]
    if kind == "CONNECT":
        listeners.join(connection)
        return _DONE
    if kind == "DISCONNECT":
        listeners.leave(connection)
        return _DONE
    return _DONE | {"body": _heard(listeners, connection, event.get("body") or "")}


def _heard(listeners: DynamoListeners, connection: str, message: str) -> str:
    """Return what a client hears that has said this. Whatever it was, it stays connected."""
    try:
        topic = parse_topic(message)
        listeners.subscribe(connection, topic)  # network: one transaction
    except DomainError as error:
        return error_json(error)
    return subscribed_json(topic)
