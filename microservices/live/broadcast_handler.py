"""Composition root of live-broadcast: triggered by the topic of events, which retries an event that failed."""

import os
from typing import Any

from aws_lambda_powertools import Logger

from microservices.aws import client
from microservices.clock import now
from microservices.live.broadcast import Broadcast
from microservices.live.clients import Clients
from microservices.live.store import DynamoSubscriptions
from microservices.request_ids import with_request_id

_log = Logger()
_subscriptions = DynamoSubscriptions(client("dynamodb"), os.environ["TABLE"], now)
_broadcast = Broadcast(_subscriptions, Clients(os.environ["CONNECTIONS_ENDPOINT"]))


@with_request_id
def lambda_handler(event: dict[str, Any], context: object) -> None:
    """Send an event to its subscribers."""
    reached = sum(_broadcast.handle_event(record["Sns"]["Message"]) for record in event["Records"])
    _log.info("broadcast", records=len(event["Records"]), reached=reached)
