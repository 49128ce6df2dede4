"""Composition root of votes-projection: the votes table's stream wakes it."""

import os
from collections.abc import Sequence
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger

from microservices.aws import client
from microservices.clock import now
from microservices.events import publishing
from microservices.streams import item_key, parking, settle
from microservices.tally_events import TallyChanged, tell
from microservices.votes.board import DynamoBoard, Tally
from microservices.votes.board_object import BoardObject
from microservices.votes.projection import Told, by_post, count, vote_in
from microservices.votes.publication import publish

_log = Logger()
_board = DynamoBoard(client("dynamodb"), os.environ["TABLE"], now)
_site = BoardObject(os.environ["SITE_BUCKET"])
_park = parking(client("sqs"), os.environ["PARKING_QUEUE_URL"], function=os.environ["AWS_LAMBDA_FUNCTION_NAME"])
_publish = publishing(client("sns"), os.environ["EVENTS_TOPIC"])


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Count a batch of votes, tell the scores, publish the board. An empty batch publishes the board as it is."""
    told = [each for each in settle(event["Records"], vote_in, key=item_key, park=_park) if each]
    tallies = settle(by_post(told), partial(count, _board), key=_post_of, park=_park_all)
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


def _tell(tally: Tally) -> None:
    """Tell all rooms the score: also where nothing was fresh, for the function may have ended between counting and telling."""
    tell(_publish, TallyChanged(post_id=tally.post_id, score=tally.score, version=tally.version))
