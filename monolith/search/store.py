"""The search index in PostgreSQL. Twin: microservices/search/store.py.

search_index   one row per post: stem → weight, as jsonb with a GIN index; a foreign key deletes it with its post
"""

from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, ForeignKey, Integer, Table, Text, cast, select, tuple_
from sqlalchemy import Index as DatabaseIndex
from sqlalchemy.dialects.postgresql import JSONB, array, insert

from monolith.database import metadata
from monolith.posts.store import POSTS, to_post
from shared_domain.posts import Post
from shared_domain.search import Match, weigh

SEARCH_INDEX = Table(
    "search_index",
    metadata,
    Column("post_id", Text(collation="C"), ForeignKey(POSTS.c.id, ondelete="CASCADE"), primary_key=True),
    Column("weights", JSONB, nullable=False),
)
DatabaseIndex("search_index_by_stem", SEARCH_INDEX.c.weights, postgresql_using="gin")

_UPSERT_ENTRY = insert(SEARCH_INDEX)
_UPSERT_ENTRY = _UPSERT_ENTRY.on_conflict_do_update(
    index_elements=["post_id"], set_={"weights": _UPSERT_ENTRY.excluded.weights}
)


class SqlIndex:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, post: Post) -> None:
        """Insert or replace the index entry of a post."""
        weights = weigh(title=post.title, body=post.body)
        self._connection.execute(_UPSERT_ENTRY, {"post_id": post.id, "weights": weights})

    def find(self, terms: Sequence[str], *, after: Match | None, limit: int) -> list[tuple[Post, Match]]:
        relevance = reduce(add, [_weight(term) for term in terms])
        post_id = SEARCH_INDEX.c.post_id
        statement = (
            select(POSTS, relevance.label("relevance"))  # transaction: index and posts in one consistent join
            .join(SEARCH_INDEX, post_id == POSTS.c.id)
            .where(SEARCH_INDEX.c.weights.has_all(array(terms)))
            .order_by(relevance.desc(), post_id.desc())
            .limit(limit)
        )
        if after is not None:
            statement = statement.where(tuple_(relevance, post_id) < (after.relevance, after.post_id))
        rows = self._connection.execute(statement)
        return [(to_post(row), Match(post_id=row.id, relevance=row.relevance)) for row in rows]


def _weight(term: str) -> ColumnElement[Any]:
    return cast(SEARCH_INDEX.c.weights[term].astext, Integer)
