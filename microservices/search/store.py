"""The search index in DynamoDB. Twin: monolith/search/store.py. Written by writer.py.

    item       pk             sk         attributes                            access
    posting    term#<stem>    <post id>  weight                                find: one Query per term
    snapshot   post#<id>      snapshot   the post after its last event         find: one batch read per page
    entry      post#<id>      entry      weights, pending, sequence, version,  writer.py: the terms that are indexed
                                         expires_at

The order is by relevance, so a query reads all postings of its terms: a common term costs more than a rare one. The reads are
eventually consistent, at half the price, because the index lags behind the posts anyway.
"""

import hashlib
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from microservices.dynamo import Values, batch_get, text
from microservices.post_item import parse_post
from shared_domain.posts import Post
from shared_domain.search import Match, match_order

# Bytes. NFKC turns one character into up to 18. The longest digest has 71: with all terms of a post three times, an entry has
# at most 150 kB, and an item may have 400.
_MAX_STEM_LENGTH = 64


class DynamoIndex:
    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def find(self, terms: Sequence[str], *, after: Match | None, limit: int) -> list[tuple[Post, Match]]:
        postings = [self._postings(term) for term in terms]
        with_all_terms = set.intersection(*map(set, postings))
        matches = (
            Match(post_id=post_id, relevance=sum(each[post_id] for each in postings)) for post_id in with_all_terms
        )
        ordered = sorted(matches, key=match_order, reverse=True)
        rest = iter([match for match in ordered if after is None or match_order(match) < match_order(after)])
        found: list[tuple[Post, Match]] = []
        # Several rounds if posts were withdrawn between the reads of posting and snapshot.
        while page := list(islice(rest, limit - len(found))):
            found += self._with_posts(page)
        return found

    def _postings(self, term: str) -> dict[str, int]:
        """Return the weight of a term by post id. Each megabyte, about ten thousand posts, takes one call."""
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :term",
            ExpressionAttributeValues={":term": text(f"term#{term_key(term)}")},
        )
        return {item["sk"]["S"]: int(item["weight"]["N"]) for page in pages for item in page["Items"]}

    def _with_posts(self, matches: Sequence[Match]) -> Iterator[tuple[Post, Match]]:
        keys = [snapshot_key(match.post_id) for match in matches]
        posts = {post.id: post for post in map(parse_post, batch_get(self._dynamodb, self._table, keys))}
        return ((posts[match.post_id], match) for match in matches if match.post_id in posts)


def term_key(stem: str) -> str:
    """Return the stem, or its digest if it is too long for a key. No stem contains a colon, so the two never collide."""
    raw = stem.encode()
    return stem if len(raw) <= _MAX_STEM_LENGTH else f"sha256:{hashlib.sha256(raw).hexdigest()}"


def posting_key(term: str, post_id: str) -> Values:
    return {"pk": text(f"term#{term}"), "sk": text(post_id)}


def snapshot_key(post_id: str) -> Values:
    return {"pk": text(f"post#{post_id}"), "sk": text("snapshot")}


def entry_key(post_id: str) -> Values:
    return {"pk": text(f"post#{post_id}"), "sk": text("entry")}
