"""Composition root of votes-post-events: a queue of events wakes it, and posts-http, ahead of the event, for a withdrawal."""

import os
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger

from microservices.aws import client
from microservices.clock import now
from microservices.queues import handle_messages
from microservices.votes.leaderboard import DynamoLeaderboard
from microservices.votes.leaderboard_object import LeaderboardObject
from microservices.votes.post_events import handle_event, hear
from microservices.votes.publication import publish

_log = Logger()
_board = DynamoLeaderboard(client("dynamodb"), os.environ["TABLE"], now)
_site = LeaderboardObject(os.environ["SITE_BUCKET"])


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Take in what posts tells; publish the board where that changes it. Answer which messages must come again."""
    records = event["Records"]
    heard, answer = handle_messages([each for each in records if "body" in each], partial(handle_event, _board))
    heard += [hear(_board, each) for each in records if "dynamodb" in each]  # not by the queue: called directly
    if any(heard):
        publish(_board, _site, now)
    failed = len(answer["batchItemFailures"])
    _log.info("ballots", records=len(records), failed=failed, published=any(heard))
    return answer
