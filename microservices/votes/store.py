"""Votes in DynamoDB. Twin: monolith/votes/store.py.

item      pk            sk                  attributes                              access
vote      post#<id>     vote#<voter>        value                                   cast, retract: PutItem, DeleteItem
score     post#<id>     score               see leaderboard.py, which writes it     does the post exist: GetItem
counted   post#<id>     counted#<voter>     value, sequence: what the score counts  leaderboard.py
entry     leaderboard   <order of entries>  post_id, title, author, score           leaderboard.py: the leaderboard, by Query
"""

from typing import Any

from microservices.dynamo import Values, number, text
from shared_domain.votes import Vote


class DynamoVotes:
    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def cast(self, vote: Vote) -> None:
        item = {**_key(vote.post_id, vote.voter), "value": number(vote.value)}
        self._dynamodb.put_item(TableName=self._table, Item=item)

    def retract(self, post_id: str, voter: str) -> None:
        self._dynamodb.delete_item(TableName=self._table, Key=_key(post_id, voter))

    def post_exists(self, post_id: str) -> bool | None:
        """Return whether the post exists, None if its event has not arrived."""
        key = {"pk": text(f"post#{post_id}"), "sk": text("score")}
        found = self._dynamodb.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        state = found.get("Item", {}).get("state", {}).get("S", "unknown")
        return {"live": True, "withdrawn": False}.get(state)


def _key(post_id: str, voter: str) -> Values:
    return {"pk": text(f"post#{post_id}"), "sk": text(f"vote#{voter}")}
