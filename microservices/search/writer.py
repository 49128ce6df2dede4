"""Write a post to the index of store.py. The monolith has no such file: it runs one UPDATE.

A post can have more terms than a transaction can write, so its postings are written in batches. Before that, the index entry
lists the terms as `pending`; afterwards, one transaction replaces entry and snapshot. After a crash at any point, every term
that may have a posting is in `weights` or `pending`, and the next writer deletes the postings that are no longer valid. It first
restores the pending terms that it does not write itself: however often writers end early, an entry lists the terms of two
revisions at most, and so fits into an item.

The stream is one writer; a rebuild or a redelivered record may be another at the same time. Each write of the entry is
conditional on the version that was read, so only one of two writers succeeds. The other may have written its postings last,
so it repairs them to match the entry.
"""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from microservices.conflicts import retry_on_conflict
from microservices.dynamo import (
    Item,
    Values,
    batch_get,
    batch_write,
    expiry,
    map_failed_conditions,
    number,
    parse_expiry,
    text,
    texts,
)
from microservices.post_item import post_id_of, post_item
from microservices.search.store import entry_key, posting_key, snapshot_key
from shared_domain.errors import Conflict
from shared_domain.posts import Post

# Keep the entry of a withdrawn post longer than a record can be parked: a redelivered record must not index the post again.
WITHDRAWN_RETENTION = timedelta(days=16)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexEntry:
    """The weight of each term of a post, as of a sequence number of the posts stream, and terms of an unfinished write."""

    weights: Mapping[str, int] = field(default_factory=dict)
    pending: frozenset[str] = frozenset()
    sequence: str = ""
    version: int = 0
    expires_at: datetime | None = None  # only of a withdrawn post


class IndexWriter:
    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def get_entries(self, post_ids: Iterable[str]) -> dict[str, IndexEntry]:
        """Return the index entries of posts, by post, an empty one if it was never indexed. Each call reads up to a hundred."""
        entries = dict.fromkeys(post_ids, IndexEntry())
        for item in batch_get(self._dynamodb, self._table, [entry_key(post_id) for post_id in entries]):
            entries[post_id_of(item)] = _index_entry(item)
        return entries

    def replace(
        self, post_id: str, post: Post | None, *, new: IndexEntry, seen: IndexEntry, now: datetime
    ) -> IndexEntry:
        """Replace the postings, entry and snapshot of a post, and return the entry; `post` is None if it was withdrawn.

        Raise Conflict if the entry has changed since it was read.
        """
        changed = {term for term, _ in new.weights.items() ^ seen.weights.items()}
        if seen.pending - changed:
            with self._repair_on_conflict(post_id, seen.pending):
                seen = self._restore(post_id, seen=seen, terms=seen.pending)
        marked = self._write_postings(post_id, new, seen=seen, terms=changed) if changed else seen
        stored = replace(new, version=marked.version + 1, expires_at=None if post else now + WITHDRAWN_RETENTION)
        writes = [self._put_entry(post_id, stored, seen=marked), self._write_snapshot(post_id, post)]
        with self._repair_on_conflict(post_id, changed), map_failed_conditions(_conflict()):
            self._dynamodb.transact_write_items(TransactItems=writes)
        return stored

    def _write_postings(
        self, post_id: str, new: IndexEntry, *, seen: IndexEntry, terms: AbstractSet[str]
    ) -> IndexEntry:
        """Mark the terms as pending and write their postings; return the marked entry."""
        marked = replace(seen, pending=frozenset(terms), version=seen.version + 1)
        with map_failed_conditions(_conflict()):
            self._dynamodb.put_item(**self._put_entry(post_id, marked, seen=seen)["Put"])
        batch_write(self._dynamodb, self._table, [_posting(term, post_id, new.weights.get(term)) for term in terms])
        return marked

    def _restore(self, post_id: str, *, seen: IndexEntry, terms: AbstractSet[str]) -> IndexEntry:
        """Rewrite the postings of these terms to match the entry; return the entry, in which no term is pending."""
        marked = self._write_postings(post_id, seen, seen=seen, terms=terms)
        restored = replace(seen, pending=frozenset(), version=marked.version + 1)
        with map_failed_conditions(_conflict()):
            self._dynamodb.put_item(**self._put_entry(post_id, restored, seen=marked)["Put"])
        return restored

    @contextmanager
    def _repair_on_conflict(self, post_id: str, terms: AbstractSet[str]) -> Iterator[None]:
        """Repair the postings of these terms if the block raises Conflict: it may have written them last."""
        try:
            yield
        except Conflict:
            self._repair(post_id, terms)
            raise

    @retry_on_conflict
    def _repair(self, post_id: str, terms: AbstractSet[str]) -> None:
        """Rewrite the postings of these terms to match the entry, after another writer succeeded."""
        seen = self.get_entries([post_id])[post_id]
        if doubtful := terms | seen.pending:
            self._restore(post_id, seen=seen, terms=doubtful)

    def _put_entry(self, post_id: str, new: IndexEntry, *, seen: IndexEntry) -> dict[str, Any]:
        """Return the write of the entry's next version, on the condition that it has not changed since `seen` was read."""
        put = {
            "TableName": self._table,
            "Item": _entry_item(post_id, new),
            "ConditionExpression": "attribute_not_exists(pk) OR version = :seen",
            "ExpressionAttributeValues": {":seen": number(seen.version)},
        }
        return {"Put": put}

    def _write_snapshot(self, post_id: str, post: Post | None) -> dict[str, Any]:
        if post is None:
            return {"Delete": {"TableName": self._table, "Key": snapshot_key(post_id)}}
        return {"Put": {"TableName": self._table, "Item": {**post_item(post), **snapshot_key(post_id)}}}


def _conflict() -> Conflict:
    return Conflict("the index has changed since it was read")


def _posting(term: str, post_id: str, weight: int | None) -> dict[str, Any]:
    key = posting_key(term, post_id)
    return (
        {"DeleteRequest": {"Key": key}}
        if weight is None
        else {"PutRequest": {"Item": {**key, "weight": number(weight)}}}
    )


def _index_entry(item: Item) -> IndexEntry:
    return IndexEntry(
        weights={term: int(weight["N"]) for term, weight in item["weights"]["M"].items()},
        pending=frozenset(term["S"] for term in item["pending"]["L"]),
        sequence=item["sequence"]["S"],
        version=int(item["version"]["N"]),
        expires_at=parse_expiry(item["expires_at"]) if "expires_at" in item else None,
    )


def _entry_item(post_id: str, entry: IndexEntry) -> Values:
    return {
        **entry_key(post_id),
        "weights": {"M": {term: number(weight) for term, weight in entry.weights.items()}},
        "pending": texts(sorted(entry.pending)),
        "sequence": text(entry.sequence),
        "version": number(entry.version),
        **({} if entry.expires_at is None else {"expires_at": expiry(entry.expires_at)}),
    }
