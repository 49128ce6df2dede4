"""Composition root of votes-post-events: triggered by a queue of events, and invoked by posts-http for a withdrawal."""

import os
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger

from microservices.aws import client
from microservices.clock import now
from microservices.queues import handle_messages
from microservices.request_ids import with_request_id
from microservices.votes.leaderboard import DynamoLeaderboard
from microservices.votes.leaderboard_object import LeaderboardObject
from microservices.votes.post_events import apply_record, handle_event
from microservices.votes.publication import publish_leaderboard

_log = Logger()
_leaderboard = DynamoLeaderboard(client("dynamodb"), os.environ["TABLE"], now)
_site = LeaderboardObject(os.environ["SITE_BUCKET"])


@with_request_id
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Apply post events, and publish the leaderboard if one changed it. Return which messages failed."""
    records = event["Records"]
    messages = [each for each in records if "body" in each]
    must_publish, response = handle_messages(messages, partial(handle_event, _leaderboard))
    direct = [each for each in records if "dynamodb" in each]  # records that posts-http sends without the queue
    must_publish += [apply_record(_leaderboard, each) for each in direct]
    if any(must_publish):
        publish_leaderboard(_leaderboard, _site, now)
    failed = len(response["batchItemFailures"])
    _log.info("post events", records=len(records), failed=failed, published=any(must_publish))
    return response
