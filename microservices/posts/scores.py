"""Scores arrive as events from votes. The monolith has no such file: there, the score changes with the vote."""

import json
from typing import Any

from microservices.dynamo import number, refused
from microservices.post_item import post_key
from shared_domain.errors import OutOfDate


class Scores:
    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def hear(self, message: str) -> None:
        """Set the score that `tally.changed` tells: absolute, so that repeating it changes nothing.

        An event of another type is passed over.
        """
        told = json.loads(message)
        if told["type"] != "tally.changed":
            return
        try:
            self._set(told["post_id"], score=int(told["score"]), version=int(told["version"]))
        except OutOfDate:
            return  # a newer one was here before, or the post is gone; a Conflict leaves, and the message comes again

    def _set(self, post_id: str, *, score: int, version: int) -> None:
        with refused(OutOfDate("a newer score is known")):
            self._dynamodb.update_item(
                TableName=self._table,
                Key=post_key(post_id),
                UpdateExpression="SET #score = :score, score_version = :version",
                ConditionExpression=(
                    "attribute_exists(pk) AND (attribute_not_exists(score_version) OR score_version < :version)"
                ),
                ExpressionAttributeNames={"#score": "score"},
                ExpressionAttributeValues={":score": number(score), ":version": number(version)},
            )
