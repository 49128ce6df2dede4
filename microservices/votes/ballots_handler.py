"""Composition root of votes-ballots: the posts table's stream wakes it, and posts-http, ahead of the stream, for a withdrawal."""

import os
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger

from microservices.aws import client
from microservices.clock import now
from microservices.streams import item_key, parking, settle
from microservices.votes.ballots import hear
from microservices.votes.board import DynamoBoard
from microservices.votes.board_object import BoardObject
from microservices.votes.publication import publish

_log = Logger()
_board = DynamoBoard(client("dynamodb"), os.environ["TABLE"])
_site = BoardObject(os.environ["SITE_BUCKET"])
_park = parking(client("sqs"), os.environ["PARKING_QUEUE_URL"], function=os.environ["AWS_LAMBDA_FUNCTION_NAME"])


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Take in what posts tells; publish the board where that changes it."""
    heard = settle(event["Records"], partial(hear, _board), key=item_key, park=_park)
    if any(heard):
        publish(_board, _site, now)
    _log.info("ballots", records=len(event["Records"]), published=any(heard))
    return {"batchItemFailures": []}
