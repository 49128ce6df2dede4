"""Composition root of posts-boosts: a queue of events wakes it."""

import os
from typing import Any

from aws_lambda_powertools import Logger

from microservices.aws import client
from microservices.clock import now
from microservices.events import publishing
from microservices.order_events import answering
from microservices.posts.boosts import Boosts
from microservices.queues import handle_messages
from shared_domain.orders import Stage

_log = Logger()
_boosts = Boosts(client("dynamodb"), os.environ["TABLE"])
_publish = publishing(client("sns"), os.environ["EVENTS_TOPIC"])
_hear = answering(_publish, (Stage.PAID, Stage.UNPAID), settle=lambda order: _boosts.settle(order, now=now()))


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Take a batch of orders in; answer which messages must come again."""
    _, answer = handle_messages(event["Records"], _hear)
    _log.info("boosts", messages=len(event["Records"]), failed=len(answer["batchItemFailures"]))
    return answer
