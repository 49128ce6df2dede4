"""Votes in DynamoDB. Twin: monolith/votes/store.py.

item       pk           sk                attributes                             access
vote       post#<id>    vote#<voter>      value                                  cast, retract: PutItem, DeleteItem
standing   post#<id>    standing          see board.py, which keeps it           does the post live: GetItem
counted    post#<id>    counted#<voter>   value, sequence: what the score holds  board.py
place      board        <order of board>  post_id, title, author, score          board.py: the leaderboard, by Query
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

    def lives(self, post_id: str) -> bool | None:
        """Tell whether the post lives, None where this service has not heard of it."""
        key = {"pk": text(f"post#{post_id}"), "sk": text("standing")}
        found = self._dynamodb.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        state = found.get("Item", {}).get("state", {}).get("S", "unheard")
        return {"live": True, "gone": False}.get(state)


def _key(post_id: str, voter: str) -> Values:
    return {"pk": text(f"post#{post_id}"), "sk": text(f"vote#{voter}")}
