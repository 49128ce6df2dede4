"""Composition root of posts-scores: a queue of events wakes it."""

import os
from typing import Any

from aws_lambda_powertools import Logger

from microservices.aws import client
from microservices.posts.scores import Scores
from microservices.queues import handle_messages

_log = Logger()
_scores = Scores(client("dynamodb"), os.environ["TABLE"])


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Take a batch of scores in; answer which messages must come again."""
    _, answer = handle_messages(event["Records"], _scores.hear)
    _log.info("scores", messages=len(event["Records"]), failed=len(answer["batchItemFailures"]))
    return answer
