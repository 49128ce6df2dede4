"""How a post gets into the index of store.py, and out of it. The monolith has no such file: there, it is one UPDATE.

A post has more terms than a transaction holds, so its postings are written in batches. Before they are, `indexed` says which
terms are being touched; after them, one transaction replaces `indexed` and the snapshot. Whoever comes next, after a crash
anywhere, finds every term that may have a posting in `weights` or `touched`, and takes out what is no more.

A shard of the stream is one writer; a rebuild, or a parked record that is given back, is another. Every write of `indexed` is
conditional on its version as it was read, so of two writers one goes through; the other's postings may have come last, so it
brings them back to what `indexed` says.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from microservices.conflicts import retry_on_conflict
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
    version: int = 0
    expires_at: int | None = None  # of a post that is gone: when this may be forgotten, in seconds since 1970


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
            version=int(item["version"]["N"]),
            expires_at=int(item["expires_at"]["N"]) if "expires_at" in item else None,
        )

    def replace(self, post_id: str, post: Post | None, *, new: Indexed, seen: Indexed, now: datetime) -> None:
        """Bring the index to `new`; `post` is None where it is gone. Raise Conflict if `indexed` is no longer as seen."""
        changed = {term for term, _ in new.weights.items() ^ seen.weights.items()} | seen.touched
        held = self._write(post_id, new, seen=seen, terms=changed) if changed else seen
        kept = new if post else replace(new, expires_at=int((now + REMEMBERED).timestamp()))
        writes = [self._indexed(post_id, kept, seen=held), self._snapshot(post_id, post)]
        try:
            with refused(_lost()):
                self._dynamodb.transact_write_items(TransactItems=writes)
        except Conflict:
            self._bring_back(post_id, changed)
            raise

    def _write(self, post_id: str, new: Indexed, *, seen: Indexed, terms: set[str]) -> Indexed:
        """Write the postings of these terms; return what `indexed` is meanwhile."""
        held = replace(seen, touched=frozenset(terms), version=seen.version + 1)
        with refused(_lost()):
            self._dynamodb.put_item(**self._indexed(post_id, held, seen=seen)["Put"])
        batch_write(self._dynamodb, self._table, [_posting(term, post_id, new.weights.get(term)) for term in terms])
        return held

    @retry_on_conflict
    def _bring_back(self, post_id: str, terms: set[str]) -> None:
        """Let the postings of these terms be what `indexed` says."""
        seen = self.indexed(post_id)
        if wrong := terms | seen.touched:
            held = self._write(post_id, seen, seen=seen, terms=wrong)
            with refused(_lost()):
                self._dynamodb.put_item(**self._indexed(post_id, seen, seen=held)["Put"])

    def _indexed(self, post_id: str, new: Indexed, *, seen: Indexed) -> dict[str, Any]:
        """Return the write of what is in the index, in its next version, if it is as seen."""
        put = {
            "TableName": self._table,
            "Item": _indexed_item(post_id, replace(new, version=seen.version + 1)),
            "ConditionExpression": "attribute_not_exists(pk) OR version = :seen",
            "ExpressionAttributeValues": {":seen": number(seen.version)},
        }
        return {"Put": put}

    def _snapshot(self, post_id: str, post: Post | None) -> dict[str, Any]:
        if post is None:
            return {"Delete": {"TableName": self._table, "Key": snapshot_key(post_id)}}
        return {"Put": {"TableName": self._table, "Item": {**post_item(post), **snapshot_key(post_id)}}}


def _lost() -> Conflict:
    return Conflict("the index changed meanwhile")


def _posting(term: str, post_id: str, weight: int | None) -> dict[str, Any]:
    key = posting_key(term, post_id)
    return (
        {"DeleteRequest": {"Key": key}}
        if weight is None
        else {"PutRequest": {"Item": {**key, "weight": number(weight)}}}
    )


def _indexed_item(post_id: str, indexed: Indexed) -> Values:
    return {
        **indexed_key(post_id),
        "weights": {"M": {term: number(weight) for term, weight in indexed.weights.items()}},
        "touched": texts(sorted(indexed.touched)),
        "sequence": text(indexed.sequence),
        "version": number(indexed.version),
        **({} if indexed.expires_at is None else {"expires_at": number(indexed.expires_at)}),
    }
