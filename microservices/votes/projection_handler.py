"""Composition root of votes-projection: the votes table's stream wakes it."""

import os
from collections.abc import Sequence
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger

from microservices.aws import client
from microservices.clock import now
from microservices.events import publishing
from microservices.score_events import ScoreChanged, tell
from microservices.streams import handle_records, item_key, parking
from microservices.votes.leaderboard import DynamoLeaderboard, PostScore
from microservices.votes.leaderboard_object import LeaderboardObject
from microservices.votes.projection import Told, by_post, count, parse_vote
from microservices.votes.publication import publish

_log = Logger()
_board = DynamoLeaderboard(client("dynamodb"), os.environ["TABLE"], now)
_site = LeaderboardObject(os.environ["SITE_BUCKET"])
_park = parking(client("sqs"), os.environ["PARKING_QUEUE_URL"], function=os.environ["AWS_LAMBDA_FUNCTION_NAME"])
_publish = publishing(client("sns"), os.environ["EVENTS_TOPIC"])


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Count a batch of votes, tell the scores, publish the board. An empty batch publishes the board as it is."""
    told = [each for each in handle_records(event["Records"], parse_vote, key=item_key, park=_park) if each]
    tallies = handle_records(by_post(told), partial(count, _board), key=_post_of, park=_park_all)
    for tally in tallies:
        _tell(tally)
    publish(_board, _site, now)
    _log.info("votes", records=len(event["Records"]), votes=len(told), posts=len(tallies))
    return {"batchItemFailures": []}


def _post_of(told: Sequence[Told]) -> str:
    return told[0].vote.post_id


def _park_all(told: Sequence[Told], reason: str) -> None:
    for each in told:
        _park(each.record, reason)


def _tell(tally: PostScore) -> None:
    """Tell all services the score: also where nothing was fresh, for the function may have ended between counting and telling."""
    tell(_publish, ScoreChanged(post_id=tally.post_id, score=tally.score, version=tally.version))
