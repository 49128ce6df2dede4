"""Write the windows of store.py. Each window stores the sequence number of its shard up to which it has counted views.

So no view is counted twice, even if a batch is repeated or was interrupted between two windows. A shard has one reader, and
a window belongs to one shard, so nothing else writes the window.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zlib import crc32

from microservices.dynamo import Values, expiry, map_failed_conditions, number, text
from microservices.trending.store import PARTITION
from shared_domain.contract.times import to_rfc3339
from shared_domain.errors import Conflict

# A shard takes at most 60,000 views a minute, perhaps each of another post, at 30 bytes each. An item has at most 400 kB.
PARTS = 8
RETENTION = timedelta(days=2)  # longer than the stream retains a view, so that a redelivered batch finds its window


@dataclass(frozen=True, slots=True)
class WindowKey:
    """One minute of one shard, and the part of the posts that it counts."""

    minute: datetime
    shard: str
    part: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The number of views by post, up to a sequence number of the shard (zero-padded digits, so that it sorts)."""

    views: Mapping[str, int] = field(default_factory=dict)
    sequence: str = ""


def part_of(post_id: str) -> int:
    """Return the part of a minute that counts the post."""
    return crc32(post_id.encode()) % PARTS


class DynamoWindows:
    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def get(self, key: WindowKey) -> Window:
        """Return the window, an empty one if it has no views yet."""
        found = self._dynamodb.get_item(TableName=self._table, Key=_item_key(key), ConsistentRead=True)
        if "Item" not in found:
            return Window()
        views = {post_id: int(views["N"]) for post_id, views in found["Item"]["views"]["M"].items()}
        return Window(views=views, sequence=found["Item"]["sequence"]["S"])

    def put(self, key: WindowKey, window: Window, *, seen: Window) -> None:
        """Replace the window. Raise Conflict if it has changed since `seen` was read."""
        item = {
            **_item_key(key),
            "views": {"M": {post_id: number(views) for post_id, views in window.views.items()}},
            "sequence": text(window.sequence),
            "expires_at": expiry(key.minute + RETENTION),
        }
        with map_failed_conditions(Conflict("the window has changed since it was read")):
            self._dynamodb.put_item(
                TableName=self._table,
                Item=item,
                ConditionExpression="attribute_not_exists(pk) OR #sequence = :seen",
                ExpressionAttributeNames={"#sequence": "sequence"},
                ExpressionAttributeValues={":seen": text(seen.sequence)},
            )


def _item_key(key: WindowKey) -> Values:
    return {"pk": text(PARTITION), "sk": text(f"{to_rfc3339(key.minute)}#{key.shard}#{key.part}")}
