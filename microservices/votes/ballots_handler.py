"""Composition root of votes-ballots: a queue of events wakes it, and posts-http, ahead of the event, for a withdrawal."""

import os
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger

from microservices.aws import client
from microservices.clock import now
from microservices.queues import take
from microservices.votes.ballots import hear, hear_event
from microservices.votes.board import DynamoBoard
from microservices.votes.board_object import BoardObject
from microservices.votes.publication import publish

_log = Logger()
_board = DynamoBoard(client("dynamodb"), os.environ["TABLE"], now)
_site = BoardObject(os.environ["SITE_BUCKET"])


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Take in what posts tells; publish the board where that changes it. Answer which messages must come again."""
    records = event["Records"]
    heard, answer = take([each for each in records if "body" in each], partial(hear_event, _board))
    heard += [hear(_board, each) for each in records if "dynamodb" in each]  # not by the queue: called directly
    if any(heard):
        publish(_board, _site, now)
    failed = len(answer["batchItemFailures"])
    _log.info("ballots", records=len(records), failed=failed, published=any(heard))
    return answer
