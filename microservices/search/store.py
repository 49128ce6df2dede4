"""The search index in DynamoDB. Twin: monolith/search/store.py.

    item       pk             sk         attributes                     access
    posting    term#<stem>    <post id>  weight                         find: one Query for each term
    snapshot   post#<id>      snapshot   the post as posts last told    find: one batch read a page
    indexed    post#<id>      indexed    weights by term, sequence      projection: what of the post is in the index

A common term costs as much as it is common: its postings are read to their end, for the order is by relevance. They are read
eventually consistent, at half the price: the index lags anyway. A withdrawn post leaves `indexed` behind for two
days, longer than the stream keeps a record, so that no late one brings the post back.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from microservices.dynamo import Values, batch_get, number, refused, text
from microservices.post_item import post_from, post_item
from shared_domain.errors import Conflict
from shared_domain.posts import Post
from shared_domain.search import Match, match_order

MOST_WRITES_OF_A_BATCH = 25
_LONGEST_STEM = 512  # bytes; a key may have 2,048, and NFKC makes up to 18 characters of one
_REMEMBERED = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexed:
    """What of a post is in the index: its weights by term, as of a place in the stream of posts."""

    weights: Mapping[str, int] = field(default_factory=dict)
    sequence: str = ""


class DynamoIndex:
    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def find(self, terms: Sequence[str], *, after: Match | None, limit: int) -> list[tuple[Post, Match]]:
        postings = [self._postings(term) for term in terms]
        everywhere = set.intersection(*map(set, postings))
        matches = (Match(post_id=post_id, relevance=sum(each[post_id] for each in postings)) for post_id in everywhere)
        ordered = sorted(matches, key=match_order, reverse=True)
        rest = iter([match for match in ordered if after is None or match_order(match) < match_order(after)])
        found: list[tuple[Post, Match]] = []
        while shown := list(islice(rest, limit - len(found))):  # again where a post went between posting and snapshot
            found += self._with_posts(shown)
        return found

    def indexed(self, post_id: str) -> Indexed:
        """Return what of the post is in the index."""
        found = self._dynamodb.get_item(TableName=self._table, Key=_indexed_key(post_id), ConsistentRead=True)
        if "Item" not in found:
            return Indexed()
        weights = {term: int(weight["N"]) for term, weight in found["Item"]["weights"]["M"].items()}
        return Indexed(weights=weights, sequence=found["Item"]["sequence"]["S"])

    def replace(self, post_id: str, post: Post | None, *, new: Indexed, seen: Indexed, now: datetime) -> None:
        """Put what is new of a post into the index, take out what is no more; None for a post that is gone.

        The postings go first and `indexed` last, so a crash between leaves the old `indexed`, and doing it again mends it.
        Raise Conflict if `indexed` is no longer as seen.
        """
        dropped = [
            {"DeleteRequest": {"Key": _posting_key(term, post_id)}} for term in seen.weights.keys() - new.weights
        ]
        changed = new.weights.items() - seen.weights.items()
        self._write(
            [*dropped, *({"PutRequest": {"Item": _posting(term, post_id, weight)}} for term, weight in changed)]
        )
        snapshot = (
            _delete(_snapshot_key(post_id)) if post is None else _put({**post_item(post), **_snapshot_key(post_id)})
        )
        indexed = _put(_indexed_item(post_id, new, forgotten=None if post else now + _REMEMBERED))
        indexed["Put"] |= {
            "ConditionExpression": "attribute_not_exists(pk) OR #sequence = :seen",
            "ExpressionAttributeNames": {"#sequence": "sequence"},
            "ExpressionAttributeValues": {":seen": text(seen.sequence)},
        }
        writes = [indexed, snapshot]
        with refused(Conflict("the index changed meanwhile")):
            self._dynamodb.transact_write_items(TransactItems=[self._in_table(write) for write in writes])

    def _postings(self, term: str) -> dict[str, int]:
        """Return the weight of a term by post id: one call, and one more for every megabyte, some ten thousand posts."""
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :term",
            ExpressionAttributeValues={":term": text(f"term#{term_key(term)}")},
        )
        return {item["sk"]["S"]: int(item["weight"]["N"]) for page in pages for item in page["Items"]}

    def _with_posts(self, matches: Sequence[Match]) -> Iterator[tuple[Post, Match]]:
        keys = [_snapshot_key(match.post_id) for match in matches]
        posts = {post.id: post for post in map(post_from, batch_get(self._dynamodb, self._table, keys))}
        return ((posts[match.post_id], match) for match in matches if match.post_id in posts)

    def _write(self, requests: Sequence[dict[str, Any]]) -> None:
        for start in range(0, len(requests), MOST_WRITES_OF_A_BATCH):
            wanted = {self._table: list(requests[start : start + MOST_WRITES_OF_A_BATCH])}
            while wanted:  # what a loaded table leaves over comes back as unprocessed
                wanted = self._dynamodb.batch_write_item(RequestItems=wanted).get("UnprocessedItems")

    def _in_table(self, write: dict[str, Any]) -> dict[str, Any]:
        return {kind: {"TableName": self._table, **what} for kind, what in write.items()}


def term_key(stem: str) -> str:
    """Return the stem, or its digest where it is longer than a key can be. A colon is in no stem, so the two never meet."""
    raw = stem.encode()
    return stem if len(raw) <= _LONGEST_STEM else f"sha256:{hashlib.sha256(raw).hexdigest()}"


def _put(item: Values) -> dict[str, Any]:
    return {"Put": {"Item": item}}


def _delete(key: Values) -> dict[str, Any]:
    return {"Delete": {"Key": key}}


def _posting(term: str, post_id: str, weight: int) -> Values:
    return {**_posting_key(term, post_id), "weight": number(weight)}


def _indexed_item(post_id: str, indexed: Indexed, *, forgotten: datetime | None) -> Values:
    weights = {"M": {term: number(weight) for term, weight in indexed.weights.items()}}
    expires = {} if forgotten is None else {"expires_at": number(int(forgotten.timestamp()))}
    return {**_indexed_key(post_id), "weights": weights, "sequence": text(indexed.sequence), **expires}


def _posting_key(term: str, post_id: str) -> Values:
    return {"pk": text(f"term#{term}"), "sk": text(post_id)}


def _snapshot_key(post_id: str) -> Values:
    return {"pk": text(f"post#{post_id}"), "sk": text("snapshot")}


def _indexed_key(post_id: str) -> Values:
    return {"pk": text(f"post#{post_id}"), "sk": text("indexed")}
