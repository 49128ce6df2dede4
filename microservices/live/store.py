"""Connections and subscriptions in DynamoDB. The monolith holds them in memory: monolith/live/hub.py.

    item           pk                sk             attributes                  access
    connection     connection#<id>   connection     topics, expires_at          connect, subscribe, disconnect
    subscription   topic#<topic>     <connection>   expires_at                  the subscribers of a topic: Query
    score          topic#<topic>     score#         score, version, expires_at  the newest score that was sent

One transaction writes a connection and its subscription. So no subscription outlives its connection: subscribing after the
connection was deleted fails. If API Gateway reports no disconnect, the subscription is deleted when a message to the
connection fails, or by its expiry: API Gateway closes every connection after two hours.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from microservices.conflicts import retry_on_conflict
from microservices.dynamo import Item, Values, batch_write, expiry, map_failed_conditions, number, text
from shared_domain.errors import Conflict
from shared_domain.live import MAX_TOPICS, too_many_topics

MAX_CONNECTION_AGE = timedelta(hours=2, minutes=10)
_SCORE = "score#"  # no connection id contains a #


@dataclass(frozen=True, slots=True)
class Score:
    """The score of a post, and its version: a higher version is newer."""

    score: int
    version: int


class DynamoSubscriptions:
    def __init__(self, dynamodb: Any, table: str, now: Callable[[], datetime]) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._now = now

    def connect(self, connection: str) -> None:
        """Store a connection without subscriptions."""
        self._dynamodb.put_item(TableName=self._table, Item={**_connection_key(connection), **self._expires_at()})

    @retry_on_conflict  # two messages of one client are two concurrent functions that write the same item
    def subscribe(self, connection: str, topic: str) -> None:
        """Subscribe a connection to a topic; repeating it changes nothing. Raise NotAllowed for more than MAX_TOPICS topics."""
        subscription = {**_subscription_key(topic, connection), **self._expires_at()}
        with map_failed_conditions(too_many_topics()):
            self._dynamodb.transact_write_items(
                TransactItems=[
                    {"Update": self._add_topic(connection, topic)},
                    {"Put": {"TableName": self._table, "Item": subscription}},
                ]
            )

    @retry_on_conflict  # a subscription of the client may be in progress
    def disconnect(self, connection: str) -> None:
        """Delete a connection and its subscriptions."""
        with map_failed_conditions():
            deleted = self._dynamodb.delete_item(
                TableName=self._table, Key=_connection_key(connection), ReturnValues="ALL_OLD"
            )
        topics = deleted.get("Attributes", {}).get("topics", {"SS": []})["SS"]
        self._delete([_subscription_key(topic, connection) for topic in topics])

    def unsubscribe(self, topic: str, connections: Sequence[str]) -> None:
        """Delete the subscriptions of closed connections to a topic."""
        self._delete([_subscription_key(topic, connection) for connection in connections])

    def list_subscribers(self, topic: str) -> list[str]:
        """Return the connections that are subscribed to a topic."""
        return [key["sk"]["S"] for key in self._keys(topic) if key["sk"]["S"] != _SCORE]

    def save_if_newest(self, topic: str, score: Score) -> bool:
        """Store the score as the topic's newest, unless a newer one is stored; return whether it is stored."""
        try:
            with map_failed_conditions(Conflict("a newer score is stored")):
                self._dynamodb.put_item(
                    TableName=self._table,
                    Item={**_score_key(topic), **_score_values(score), **self._expires_at()},
                    ConditionExpression="attribute_not_exists(pk) OR version <= :version",
                    ExpressionAttributeValues={":version": number(score.version)},
                )
        except Conflict:
            return False
        return True

    def get_newest(self, topic: str) -> Score:
        """Return the topic's newest score. Call `save_if_newest` before: a topic without a score is a KeyError."""
        found = self._dynamodb.get_item(TableName=self._table, Key=_score_key(topic), ConsistentRead=True)["Item"]
        return Score(int(found["score"]["N"]), int(found["version"]["N"]))

    def _add_topic(self, connection: str, topic: str) -> dict[str, Any]:
        return {
            "TableName": self._table,
            "Key": _connection_key(connection),
            "UpdateExpression": "ADD topics :topics",
            "ConditionExpression": (
                "attribute_exists(pk) AND"
                " (attribute_not_exists(topics) OR contains(topics, :topic) OR size(topics) < :most)"
            ),
            "ExpressionAttributeValues": {
                ":topics": {"SS": [topic]},
                ":topic": text(topic),
                ":most": number(MAX_TOPICS),
            },
        }

    def _keys(self, topic: str) -> Iterator[Item]:
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :topic",
            ExpressionAttributeValues={":topic": text(f"topic#{topic}")},
            ProjectionExpression="sk",
            ConsistentRead=True,
        )
        return (item for page in pages for item in page["Items"])

    def _delete(self, keys: Sequence[Values]) -> None:
        batch_write(self._dynamodb, self._table, [{"DeleteRequest": {"Key": key}} for key in keys])

    def _expires_at(self) -> Values:
        return {"expires_at": expiry(self._now() + MAX_CONNECTION_AGE)}


def _connection_key(connection: str) -> Values:
    return {"pk": text(f"connection#{connection}"), "sk": text("connection")}


def _subscription_key(topic: str, connection: str) -> Values:
    return {"pk": text(f"topic#{topic}"), "sk": text(connection)}


def _score_key(topic: str) -> Values:
    return {"pk": text(f"topic#{topic}"), "sk": text(_SCORE)}


def _score_values(score: Score) -> Values:
    return {"score": number(score.score), "version": number(score.version)}
