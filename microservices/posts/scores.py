"""Scores arrive as events from votes. The monolith has no such file: there, the score changes with the vote."""

from typing import Any

from microservices.conflicts import retry_on_conflict
from microservices.dynamo import number, refused
from microservices.post_item import post_key
from microservices.score_events import ScoreChanged, parse_score_changed
from shared_domain.errors import OutOfDate


class Scores:
    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    @retry_on_conflict  # a revision or a boost may be writing the post
    def hear(self, event: str) -> None:
        """Set the score that an event tells; an event of something else is passed over.

        Raise what msgspec raises for an event that cannot be read.
        """
        told = parse_score_changed(event)
        if told is None:
            return
        try:
            self._set(told)  # network
        except OutOfDate:
            return  # a newer one was here before, or the post is gone

    def _set(self, told: ScoreChanged) -> None:
        with refused(OutOfDate("a newer score is known")):
            self._dynamodb.update_item(
                TableName=self._table,
                Key=post_key(told.post_id),
                UpdateExpression="SET #score = :score, score_version = :version",
                ConditionExpression=(
                    "attribute_exists(pk) AND (attribute_not_exists(score_version) OR score_version < :version)"
                ),
                ExpressionAttributeNames={"#score": "score"},
                ExpressionAttributeValues={":score": number(told.score), ":version": number(told.version)},
            )
