"""The search index in DynamoDB. Twin: monolith/search/store.py. Written by writer.py.

    item       pk             sk         attributes                       access
    posting    term#<stem>    <post id>  weight                           find: one Query for each term
    snapshot   post#<id>      snapshot   the post as posts last told      find: one batch read a page
    indexed    post#<id>      indexed    weights, touched, sequence, version   writer: what of the post is in the index

A common term costs as much as it is common: its postings are read to their end, for the order is by relevance. They are read
eventually consistent, at half the price: the index lags anyway.
"""

import hashlib
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from microservices.dynamo import Values, batch_get, text
from microservices.post_item import post_from
from shared_domain.posts import Post
from shared_domain.search import Match, match_order

_MAX_STEM_LENGTH = 512  # bytes; a key may have 2,048, and NFKC makes up to 18 characters of one


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

    def _postings(self, term: str) -> dict[str, int]:
        """Return the weight of a term by post id: one call, and one more for every megabyte, some ten thousand posts."""
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :term",
            ExpressionAttributeValues={":term": text(f"term#{term_key(term)}")},
        )
        return {item["sk"]["S"]: int(item["weight"]["N"]) for page in pages for item in page["Items"]}

    def _with_posts(self, matches: Sequence[Match]) -> Iterator[tuple[Post, Match]]:
        keys = [snapshot_key(match.post_id) for match in matches]
        posts = {post.id: post for post in map(post_from, batch_get(self._dynamodb, self._table, keys))}
        return ((posts[match.post_id], match) for match in matches if match.post_id in posts)


def term_key(stem: str) -> str:
    """Return the stem, or its digest where it is longer than a key can be. A colon is in no stem, so the two never meet."""
    raw = stem.encode()
    return stem if len(raw) <= _MAX_STEM_LENGTH else f"sha256:{hashlib.sha256(raw).hexdigest()}"


def posting_key(term: str, post_id: str) -> Values:
    return {"pk": text(f"term#{term}"), "sk": text(post_id)}


def snapshot_key(post_id: str) -> Values:
    return {"pk": text(f"post#{post_id}"), "sk": text("snapshot")}


def indexed_key(post_id: str) -> Values:
    return {"pk": text(f"post#{post_id}"), "sk": text("indexed")}
