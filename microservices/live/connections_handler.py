"""Composition root of live-connections: the WebSocket API asks it for all three of its routes."""

import os
from typing import Any

from aws_lambda_powertools import Logger

from microservices.aws import client
from microservices.clock import now
from microservices.live.connections import answer
from microservices.live.store import DynamoListeners

_log = Logger()
_listeners = DynamoListeners(client("dynamodb"), os.environ["TABLE"], now)


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Let a client in, let it listen, let it go."""
    answered = answer(_listeners, event)
    _log.info("connection", event=event["requestContext"]["eventType"], status=answered["statusCode"])
    return answered
