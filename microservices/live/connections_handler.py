"""Composition root of live-connections: invoked by the WebSocket API for all three of its routes."""

import os
from typing import Any

from aws_lambda_powertools import Logger

from microservices.aws import client
from microservices.clock import now
from microservices.live.connections import handle_event
from microservices.live.store import DynamoSubscriptions
from microservices.request_ids import with_request_id

_log = Logger()
_subscriptions = DynamoSubscriptions(client("dynamodb"), os.environ["TABLE"], now)


@with_request_id
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Handle one connect, disconnect or message of a client."""
    response = handle_event(_subscriptions, event)
    _log.info("connection", event=event["requestContext"].get("eventType", "HTTP"), status=response["statusCode"])
    return response
