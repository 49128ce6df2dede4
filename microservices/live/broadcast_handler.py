"""Composition root of live-broadcast: the topic of events wakes it, and calls it again where it fails."""

import os
from typing import Any

from aws_lambda_powertools import Logger

from microservices.aws import client
from microservices.clock import now
from microservices.live.broadcast import Broadcast
from microservices.live.clients import Clients
from microservices.live.store import DynamoListeners

_log = Logger()
_listeners = DynamoListeners(client("dynamodb"), os.environ["TABLE"], now)
_broadcast = Broadcast(_listeners, Clients(os.environ["CONNECTIONS_ENDPOINT"]))


def lambda_handler(event: dict[str, Any], context: object) -> None:
    """Tell an event to who listens."""
    told = sum(_broadcast.hear(record["Sns"]["Message"]) for record in event["Records"])
    _log.info("broadcast", records=len(event["Records"]), told=told)
