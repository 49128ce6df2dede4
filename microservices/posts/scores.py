"""Set the scores of posts from events of the votes service. The monolith has no such file: a vote writes the score itself."""

from typing import Any

from microservices.conflicts import retry_on_conflict
from microservices.dynamo import map_failed_conditions, number
from microservices.post_item import post_key
from microservices.score_events import ScoreChanged, parse_score_changed
from shared_domain.errors import OutOfDate


class Scores:
    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    @retry_on_conflict  # a revision or a boost may be writing the post
    def handle_event(self, event: str) -> None:
        """Set the score of an event; ignore an event of another type.

        Raise msgspec.ValidationError or DecodeError for an event that cannot be read.
        """
        changed = parse_score_changed(event)
        if changed is None:
            return
        try:
            self._set_score(changed)  # network
        except OutOfDate:
            return

    def _set_score(self, changed: ScoreChanged) -> None:
        """Set the score. Raise OutOfDate if a newer one is stored, or the post is gone."""
        with map_failed_conditions(OutOfDate("a newer score is stored")):
            self._dynamodb.update_item(
                TableName=self._table,
                Key=post_key(changed.post_id),
                UpdateExpression="SET #score = :score, score_version = :version",
                ConditionExpression=(
                    "attribute_exists(pk) AND (attribute_not_exists(score_version) OR score_version < :version)"
                ),
                ExpressionAttributeNames={"#score": "score"},
                ExpressionAttributeValues={":score": number(changed.score), ":version": number(changed.version)},
            )
