"""Composition root of orders-saga: a queue of events wakes it."""

import os
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger

from microservices.aws import client
from microservices.orders.saga import go_on
from microservices.orders.store import DynamoOrders
from microservices.queues import handle_messages

_log = Logger()
_store = DynamoOrders(client("dynamodb"), os.environ["TABLE"])


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Take a batch of answers in; answer which messages must come again."""
    _, answer = handle_messages(event["Records"], partial(go_on, _store))
    _log.info("saga", messages=len(event["Records"]), failed=len(answer["batchItemFailures"]))
    return answer
