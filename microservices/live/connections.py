"""Handle what clients do on their connections, as events of the WebSocket API. Twin: monolith/live/routes.py."""

from typing import Any

import msgspec

from microservices.live.store import DynamoSubscriptions
from shared_domain.contract.live import error_json, parse_topic, subscribed_json
from shared_domain.contract.problems import http_problem
from shared_domain.errors import DomainError

Response = dict[str, Any]

_OK: Response = {"statusCode": 200}


def handle_event(subscriptions: DynamoSubscriptions, event: dict[str, Any]) -> Response:
    """Handle a connect, a disconnect or a message. The gateway sends the response's `body` to the client.

    The event type decides what to do, because only the gateway sets it. The client's message chooses the route, so
    `{"action": "$disconnect"}` would reach the route of a disconnect.
    """
    if "connectionId" not in event["requestContext"]:
        return _refuse_http()
    connection, event_type = event["requestContext"]["connectionId"], event["requestContext"]["eventType"]
    if event_type == "CONNECT":
        subscriptions.connect(connection)
        return _OK
    if event_type == "DISCONNECT":
        subscriptions.disconnect(connection)
        return _OK
    return _OK | {"body": _handle_message(subscriptions, connection, event.get("body") or "")}


def _refuse_http() -> Response:
    """Answer a request that is no WebSocket handshake. API Gateway does so itself; the local AWS invokes the function."""
    problem = http_problem(426)
    return {
        "statusCode": problem.status,
        "headers": problem.headers,
        "body": msgspec.json.encode(problem.body).decode(),
    }


def _handle_message(subscriptions: DynamoSubscriptions, connection: str, message: str) -> str:
    """Subscribe the client to the topic of its message and return the reply. A bad message does not close the connection."""
    try:
        topic = parse_topic(message)
        subscriptions.subscribe(connection, topic)  # network: one transaction
    except DomainError as error:
        return error_json(error)
    return subscribed_json(topic)
