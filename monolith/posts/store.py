"""Posts in PostgreSQL. Twin: microservices/posts/store.py.

posts   one row per post, with its tags in an array and its score, which votes change
        indexes: posts_by_author (author, id), posts_by_tag (GIN), posts_by_score (score desc, id) for the leaderboard

A row that will change is read with `FOR UPDATE`, so writes need no condition (docs/decisions/0024-one-lock-discipline.md).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    Index,
    Integer,
    Row,
    Select,
    Table,
    Text,
    bindparam,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY

from monolith.database import metadata
from shared_domain.errors import NotFound
from shared_domain.posts import Filter, Post

POSTS = Table(
    "posts",
    metadata,
    Column("id", Text(collation="C"), primary_key=True),
    Column("author", Text(collation="C"), nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("tags", ARRAY(Text), nullable=False),
    Column("score", Integer, nullable=False),
    Column("boosted_until", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)
Index("posts_by_author", POSTS.c.author, POSTS.c.id)
Index("posts_by_tag", POSTS.c.tags, postgresql_using="gin")
Index("posts_by_score", POSTS.c.score.desc(), POSTS.c.id)

_FIELDS = [column.name for column in POSTS.c]
_BY_ID = POSTS.c.id == bindparam("post_id")
_INSERT_POST = insert(POSTS)
_SELECT_POST = select(POSTS).where(_BY_ID)
_SELECT_POST_FOR_UPDATE = _SELECT_POST.with_for_update()
_SELECT_POSTS = select(POSTS).order_by(POSTS.c.id.desc()).limit(bindparam("limit"))
_SELECT_POSTS_FOR_UPDATE = (
    select(POSTS).where(POSTS.c.id.in_(bindparam("ids", expanding=True))).order_by(POSTS.c.id).with_for_update()
)
_UPDATE_POST = update(POSTS).where(_BY_ID)
_UPDATE_SCORE = update(POSTS).where(_BY_ID).values(score=POSTS.c.score + bindparam("by"))
_DELETE_POST = delete(POSTS).where(_BY_ID)


class SqlPosts:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, post: Post) -> None:
        self._connection.execute(
            _INSERT_POST, {name: getattr(post, name) for name in _FIELDS} | {"tags": list(post.tags)}
        )

    def get(self, post_id: str) -> Post:
        return self._select_one(_SELECT_POST, post_id)

    def get_for_update(self, post_id: str) -> Post:
        """Return the post and lock it until the transaction ends. Raise NotFound if there is none."""
        return self._select_one(_SELECT_POST_FOR_UPDATE, post_id)

    def get_many_for_update(self, post_ids: Sequence[str]) -> list[Post]:
        """Return the posts that exist and lock them in the order of their ids, so that no two transactions deadlock."""
        return [to_post(row) for row in self._connection.execute(_SELECT_POSTS_FOR_UPDATE, {"ids": list(post_ids)})]

    def page(self, post_filter: Filter, *, before: str | None, limit: int) -> list[Post]:
        statement = _SELECT_POSTS
        if post_filter.author is not None:
            statement = statement.where(POSTS.c.author == post_filter.author)
        if post_filter.tag is not None:
            statement = statement.where(POSTS.c.tags.contains([post_filter.tag]))
        if before is not None:
            statement = statement.where(POSTS.c.id < before)
        return [to_post(row) for row in self._connection.execute(statement, {"limit": limit})]

    def save(self, post: Post) -> None:
        """Replace title, body and tags of a post that this transaction has locked."""
        changes = {"title": post.title, "body": post.body, "tags": list(post.tags), "updated_at": post.updated_at}
        self._connection.execute(_UPDATE_POST, {"post_id": post.id, **changes})

    def remove(self, post: Post) -> None:
        """Delete a post that this transaction has locked."""
        self._connection.execute(_DELETE_POST, {"post_id": post.id})

    def change_score(self, post_id: str, *, by: int) -> None:
        """Add to the score of a post that this transaction has locked."""
        self._connection.execute(_UPDATE_SCORE, {"post_id": post_id, "by": by})

    def boost(self, until: Mapping[str, datetime]) -> None:
        """Set until when each post is boosted. This transaction must have locked them."""
        self._connection.execute(
            _UPDATE_POST, [{"post_id": post_id, "boosted_until": moment} for post_id, moment in until.items()]
        )

    def _select_one(self, statement: Select[*tuple[Any, ...]], post_id: str) -> Post:
        row = self._connection.execute(statement, {"post_id": post_id}).one_or_none()
        if row is None:
            raise NotFound("there is no such post")
        return to_post(row)


def to_post(row: Row[*tuple[Any, ...]]) -> Post:
    """Return the post from a row that begins with the columns of this table."""
    id, author, title, body, tags, score, boosted_until, created_at, updated_at = row[: len(_FIELDS)]
    return Post(
        id=id,
        author=author,
        title=title,
        body=body,
        tags=tuple(tags),
        score=score,
        boosted_until=boosted_until,
        created_at=created_at,
        updated_at=updated_at,
    )
