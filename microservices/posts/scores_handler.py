"""Composition root of posts-scores: triggered by a queue of events."""

import os
from typing import Any

from aws_lambda_powertools import Logger

from microservices.aws import client
from microservices.posts.scores import Scores
from microservices.queues import handle_messages
from microservices.request_ids import with_request_id

_log = Logger()
_scores = Scores(client("dynamodb"), os.environ["TABLE"])


@with_request_id
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Handle a batch of score events. Return which messages failed."""
    _, response = handle_messages(event["Records"], _scores.handle_event)
    _log.info("scores", messages=len(event["Records"]), failed=len(response["batchItemFailures"]))
    return response
