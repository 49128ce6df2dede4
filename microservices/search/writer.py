"""How a post gets into the index of store.py, and out of it. The monolith has no such file: there, it is one UPDATE.

A post has more terms than a transaction holds, so its postings are written in batches. Before they are, `indexed` says which
terms are being touched; after them, one transaction replaces `indexed` and the snapshot. Whoever comes next, after a crash
anywhere, finds every term that may have a posting in `weights` or `touched`, and takes out what is no more.

One writer at a time: a shard of the stream is one. Give parked records back when their post is not being written.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from microservices.dynamo import Values, batch_write, number, refused, text, texts
from microservices.post_item import post_item
from microservices.search.store import indexed_key, posting_key, snapshot_key
from shared_domain.errors import Conflict
from shared_domain.posts import Post

# A withdrawn post leaves `indexed` behind for longer than a parked record is kept, so that none brings the post back.
REMEMBERED = timedelta(days=16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexed:
    """What of a post is in the index, as of a place in the stream of posts; and what an unfinished writing may have put there."""

    weights: Mapping[str, int] = field(default_factory=dict)
    touched: frozenset[str] = frozenset()
    sequence: str = ""


class IndexWriter:
    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def indexed(self, post_id: str) -> Indexed:
        """Return what of the post is in the index."""
        found = self._dynamodb.get_item(TableName=self._table, Key=indexed_key(post_id), ConsistentRead=True)
        if "Item" not in found:
            return Indexed()
        item = found["Item"]
        return Indexed(
            weights={term: int(weight["N"]) for term, weight in item["weights"]["M"].items()},
            touched=frozenset(term["S"] for term in item["touched"]["L"]),
            sequence=item["sequence"]["S"],
        )

    def replace(self, post_id: str, post: Post | None, *, new: Indexed, seen: Indexed, now: datetime) -> None:
        """Bring the index to `new`; `post` is None where it is gone. Raise Conflict if `indexed` is no longer as seen."""
        changed = {term for term, _ in new.weights.items() ^ seen.weights.items()} | seen.touched
        if changed:
            self._touch(post_id, seen=seen, changed=changed)
            batch_write(
                self._dynamodb, self._table, [_posting(term, post_id, new.weights.get(term)) for term in changed]
            )
        expires = None if post else now + REMEMBERED
        writes = [self._indexed(post_id, new, seen=seen, expires=expires), self._snapshot(post_id, post)]
        with refused(Conflict("the index changed meanwhile")):
            self._dynamodb.transact_write_items(TransactItems=writes)

    def _touch(self, post_id: str, *, seen: Indexed, changed: set[str]) -> None:
        before = Indexed(weights=seen.weights, touched=frozenset(changed), sequence=seen.sequence)
        with refused(Conflict("the index changed meanwhile")):
            self._dynamodb.put_item(**self._indexed(post_id, before, seen=seen, expires=None)["Put"])

    def _indexed(self, post_id: str, new: Indexed, *, seen: Indexed, expires: datetime | None) -> dict[str, Any]:
        put = {
            "TableName": self._table,
            "Item": _indexed_item(post_id, new, expires=expires),
            "ConditionExpression": "attribute_not_exists(pk) OR #sequence = :seen",
            "ExpressionAttributeNames": {"#sequence": "sequence"},
            "ExpressionAttributeValues": {":seen": text(seen.sequence)},
        }
        return {"Put": put}

    def _snapshot(self, post_id: str, post: Post | None) -> dict[str, Any]:
        if post is None:
            return {"Delete": {"TableName": self._table, "Key": snapshot_key(post_id)}}
        return {"Put": {"TableName": self._table, "Item": {**post_item(post), **snapshot_key(post_id)}}}


def _posting(term: str, post_id: str, weight: int | None) -> dict[str, Any]:
    key = posting_key(term, post_id)
    return (
        {"DeleteRequest": {"Key": key}}
        if weight is None
        else {"PutRequest": {"Item": {**key, "weight": number(weight)}}}
    )


def _indexed_item(post_id: str, indexed: Indexed, *, expires: datetime | None) -> Values:
    return {
        **indexed_key(post_id),
        "weights": {"M": {term: number(weight) for term, weight in indexed.weights.items()}},
        "touched": texts(sorted(indexed.touched)),
        "sequence": text(indexed.sequence),
        **({} if expires is None else {"expires_at": number(int(expires.timestamp()))}),
    }
