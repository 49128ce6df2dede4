"""Composition root of orders-saga: triggered by a queue of events."""

import os
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger

from microservices.aws import client
from microservices.orders.saga import handle_event
from microservices.orders.store import DynamoOrders
from microservices.queues import handle_messages
from microservices.request_ids import with_request_id

_log = Logger()
_store = DynamoOrders(client("dynamodb"), os.environ["TABLE"])


@with_request_id
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Handle a batch of outcomes. Return which messages failed."""
    _, response = handle_messages(event["Records"], partial(handle_event, _store))
    _log.info("saga", messages=len(event["Records"]), failed=len(response["batchItemFailures"]))
    return response
