"""Who listens to what, in DynamoDB. The monolith keeps it in its memory: monolith/live/hub.py.

    item           pk                sk             attributes                  access
    connection     connection#<id>   connection     topics, expires_at          connect, subscribe, disconnect
    subscription   topic#<topic>     <connection>   expires_at                  who listens to a topic: Query
    told           topic#<topic>     told#          score, version, expires_at  the newest score that was told

A connection and its subscription change in one transaction, so nobody is left listening who has gone: a subscription that comes
after the end finds no connection. What an end does not reach, for nobody said so, goes when it is told something, and by its
time at last: API Gateway ends every connection after two hours.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from microservices.conflicts import retry_on_conflict
from microservices.dynamo import Item, Values, batch_write, number, refused, text
from shared_domain.errors import Conflict
from shared_domain.live import MAX_TOPICS, too_many_topics

MAX_CONNECTION_AGE = timedelta(hours=2, minutes=10)
_TOLD = "told#"  # no connection's id has such a character


@dataclass(frozen=True, slots=True)
class Score:
    """How a post stood when its tally had this version."""

    score: int
    version: int


class DynamoListeners:
    def __init__(self, dynamodb: Any, table: str, now: Callable[[], datetime]) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._now = now

    def join(self, connection: str) -> None:
        """Keep a connection that listens to nothing yet."""
        self._dynamodb.put_item(TableName=self._table, Item={**_connection_key(connection), **self._expiry()})

    @retry_on_conflict  # two wishes of one client are two functions, side by side, that write the same item
    def subscribe(self, connection: str, topic: str) -> None:
        """Let a connection listen to a topic, once however often it asks. Raise NotAllowed for a topic too many."""
        subscription = {**_subscription_key(topic, connection), **self._expiry()}
        with refused(too_many_topics()):
            self._dynamodb.transact_write_items(
                TransactItems=[
                    {"Update": self._listens(connection, topic)},
                    {"Put": {"TableName": self._table, "Item": subscription}},
                ]
            )

    @retry_on_conflict  # its last wish may be under way
    def leave(self, connection: str) -> None:
        """Forget a connection and what it listened to."""
        with refused():
            gone = self._dynamodb.delete_item(
                TableName=self._table, Key=_connection_key(connection), ReturnValues="ALL_OLD"
            )
        topics = gone.get("Attributes", {}).get("topics", {"SS": []})["SS"]
        self._delete([_subscription_key(topic, connection) for topic in topics])

    def leave_topic(self, topic: str, connections: Sequence[str]) -> None:
        """Forget that connections listened to a topic, for they are gone."""
        self._delete([_subscription_key(topic, connection) for connection in connections])

    def listening(self, topic: str) -> list[str]:
        """Return the connections that listen to a topic."""
        return [key["sk"]["S"] for key in self._keys(topic) if key["sk"]["S"] != _TOLD]

    def is_newest(self, topic: str, told: Score) -> bool:
        """Keep the score as the newest that is told, unless a newer one is; return whether it is kept."""
        try:
            with refused(Conflict("a newer score is told")):
                self._dynamodb.put_item(
                    TableName=self._table,
                    Item={**_told_key(topic), **_told(told), **self._expiry()},
                    ConditionExpression="attribute_not_exists(pk) OR version <= :version",
                    ExpressionAttributeValues={":version": number(told.version)},
                )
        except Conflict:
            return False
        return True

    def newest(self, topic: str) -> Score:
        """Return the newest score that is told under the topic; one was kept before."""
        found = self._dynamodb.get_item(TableName=self._table, Key=_told_key(topic), ConsistentRead=True)["Item"]
        return Score(int(found["score"]["N"]), int(found["version"]["N"]))

    def _listens(self, connection: str, topic: str) -> dict[str, Any]:
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

    def _expiry(self) -> Values:
        return {"expires_at": number(int((self._now() + MAX_CONNECTION_AGE).timestamp()))}


def _connection_key(connection: str) -> Values:
    return {"pk": text(f"connection#{connection}"), "sk": text("connection")}


def _subscription_key(topic: str, connection: str) -> Values:
    return {"pk": text(f"topic#{topic}"), "sk": text(connection)}


def _told_key(topic: str) -> Values:
    return {"pk": text(f"topic#{topic}"), "sk": text(_TOLD)}


def _told(told: Score) -> Values:
    return {"score": number(told.score), "version": number(told.version)}
