"""Composition root of posts-boosts: triggered by a queue of events."""

import os
from typing import Any

from aws_lambda_powertools import Logger

from microservices.aws import client
from microservices.clock import now
from microservices.events import make_publisher
from microservices.order_events import make_step_handler
from microservices.posts.boosts import Boosts
from microservices.queues import handle_messages
from microservices.request_ids import with_request_id
from shared_domain.orders import Stage

_log = Logger()
_boosts = Boosts(client("dynamodb"), os.environ["TABLE"])
_publish = make_publisher(client("sns"), os.environ["EVENTS_TOPIC"])
_handle_event = make_step_handler(
    _publish, (Stage.PAID, Stage.UNPAID), execute_step=lambda order: _boosts.execute_step(order, now=now())
)


@with_request_id
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Handle a batch of order events. Return which messages failed."""
    _, response = handle_messages(event["Records"], _handle_event)
    _log.info("boosts", messages=len(event["Records"]), failed=len(response["batchItemFailures"]))
    return response
