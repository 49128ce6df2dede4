"""How views get into the windows of store.py: each window says which place in its shard it holds views up to.

So a batch that comes again changes nothing, and neither does one that was cut off between two windows. A shard has one reader
and every window one shard: nobody else writes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zlib import crc32

from microservices.dynamo import Values, number, refused, text
from microservices.trending.store import WINDOWS
from shared_domain.contract.times import to_rfc3339
from shared_domain.errors import Conflict

# Of a minute's 60,000 views, the most that a shard takes, each may be of another post, at 30 bytes each. An item holds 400 kB.
PARTS = 8
KEPT = timedelta(days=2)  # longer than the stream keeps a view, so that a batch given back meets its window


@dataclass(frozen=True, slots=True)
class WindowKey:
    """One minute of one shard, and which of the posts."""

    minute: datetime
    shard: str
    part: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The views by post, as far as a place in the shard: its sequence number, in digits that sort."""

    views: Mapping[str, int] = field(default_factory=dict)
    sequence: str = ""


def part_of(post_id: str) -> int:
    """Return which part of a minute counts the post."""
    return crc32(post_id.encode()) % PARTS


class DynamoWindows:
    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def get(self, key: WindowKey) -> Window:
        """Return the window, an empty one where nothing was counted yet."""
        found = self._dynamodb.get_item(TableName=self._table, Key=_item_key(key), ConsistentRead=True)
        if "Item" not in found:
            return Window()
        views = {post_id: int(views["N"]) for post_id, views in found["Item"]["views"]["M"].items()}
        return Window(views=views, sequence=found["Item"]["sequence"]["S"])

    def put(self, key: WindowKey, window: Window, *, seen: Window) -> None:
        """Replace the window. Raise Conflict if it is no longer as seen."""
        item = {
            **_item_key(key),
            "views": {"M": {post_id: number(views) for post_id, views in window.views.items()}},
            "sequence": text(window.sequence),
            "expires_at": number(int((key.minute + KEPT).timestamp())),
        }
        with refused(Conflict("the window changed meanwhile")):
            self._dynamodb.put_item(
                TableName=self._table,
                Item=item,
                ConditionExpression="attribute_not_exists(pk) OR #sequence = :seen",
                ExpressionAttributeNames={"#sequence": "sequence"},
                ExpressionAttributeValues={":seen": text(seen.sequence)},
            )


def _item_key(key: WindowKey) -> Values:
    return {"pk": text(WINDOWS), "sk": text(f"{to_rfc3339(key.minute)}#{key.shard}#{key.part}")}
