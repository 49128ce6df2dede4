"""Composition root of votes-projection: triggered by the votes table's stream."""

import os
from collections.abc import Sequence
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger

from microservices.aws import client
from microservices.clock import now
from microservices.events import make_publisher
from microservices.request_ids import with_request_id
from microservices.score_events import ScoreChanged, publish_score
from microservices.streams import handle_records, item_key, make_parking
from microservices.votes.leaderboard import DynamoLeaderboard
from microservices.votes.leaderboard_object import LeaderboardObject
from microservices.votes.projection import VoteRecord, count_votes, group_by_post, parse_vote
from microservices.votes.publication import publish_leaderboard

_log = Logger()
_leaderboard = DynamoLeaderboard(client("dynamodb"), os.environ["TABLE"], now)
_site = LeaderboardObject(os.environ["SITE_BUCKET"])
_park = make_parking(client("sqs"), os.environ["PARKING_QUEUE_URL"], function=os.environ["AWS_LAMBDA_FUNCTION_NAME"])
_publish = make_publisher(client("sns"), os.environ["EVENTS_TOPIC"])


@with_request_id
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Count a batch of votes, then publish the scores and the leaderboard. An empty batch publishes the current leaderboard."""
    parsed = handle_records(event["Records"], parse_vote, key=item_key, park=_park)
    votes = [each for each in parsed if each]
    counts = _leaderboard.get_counts(each.vote for each in votes)  # network
    count = partial(count_votes, _leaderboard, counts=counts)
    scores = handle_records(group_by_post(votes), count, key=_post_of, park=_park_all)
    for score in scores:  # unchanged ones too: the function may have stopped between counting and publishing
        publish_score(_publish, ScoreChanged(post_id=score.post_id, score=score.score, version=score.version))
    publish_leaderboard(_leaderboard, _site, now)
    _log.info("votes", records=len(event["Records"]), votes=len(votes), posts=len(scores))
    return {"batchItemFailures": []}


def _post_of(votes: Sequence[VoteRecord]) -> str:
    return votes[0].vote.post_id


def _park_all(votes: Sequence[VoteRecord], reason: str) -> None:
    for each in votes:
        _park(each.record, reason)
