"""Posts in PostgreSQL. Twin: microservices/posts/store.py.

posts   one row a post, its tags in an array, its score kept by votes
        posts_by_author (author, id), posts_by_tag (GIN), posts_by_score (score desc, id) for the leaderboard
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import (
    Column,
    ColumnElement,
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
from shared_domain.errors import Conflict, NotFound
from shared_domain.live import LiveMessage
from shared_domain.posts import Filter, Post
from shared_domain.trending import View

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
_SELECT_BY_ID = select(POSTS).where(POSTS.c.id == bindparam("id"))
_SELECT_FOR_UPDATE = _SELECT_BY_ID.with_for_update()
_SELECT_MANY_FOR_UPDATE = (
    select(POSTS).where(POSTS.c.id.in_(bindparam("ids", expanding=True))).order_by(POSTS.c.id).with_for_update()
)
_UPDATE_BOOST = update(POSTS).where(POSTS.c.id == bindparam("post_id")).values(boosted_until=bindparam("until"))
_INSERT_POST = insert(POSTS)
_UPDATE_SCORE = update(POSTS).where(POSTS.c.id == bindparam("post_id")).values(score=POSTS.c.score + bindparam("by"))
_NEWEST_FIRST = select(POSTS).order_by(POSTS.c.id.desc()).limit(bindparam("limit"))


class PostIndex(Protocol):
    """What publishing asks of search: to be found at once."""

    def put(self, post: Post) -> None: ...


class Feed(Protocol):
    """What publishing asks of the live feed: to be told of, once the transaction commits."""

    def publish(self, message: LiveMessage) -> None: ...


class Views(Protocol):
    """What reading asks of trending: to be counted, without a wait."""

    def record(self, view: View) -> None: ...


class PostsAndIndex(Protocol):
    """What this module needs of a transaction."""

    @property
    def posts(self) -> "SqlPosts": ...

    @property
    def index(self) -> PostIndex: ...

    @property
    def live(self) -> Feed: ...


class SqlPosts:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, post: Post) -> None:
        self._connection.execute(
            _INSERT_POST, {name: getattr(post, name) for name in _FIELDS} | {"tags": list(post.tags)}
        )

    def get(self, post_id: str) -> Post:
        return self._one(_SELECT_BY_ID, post_id)

    def get_for_update(self, post_id: str) -> Post:
        """Return the post, locked until the transaction ends. Raise NotFound if there is none."""
        return self._one(_SELECT_FOR_UPDATE, post_id)

    def get_many_for_update(self, post_ids: Sequence[str]) -> list[Post]:
        """Return those of the posts that are there, locked one after the other in the order of their ids."""
        return [to_post(row) for row in self._connection.execute(_SELECT_MANY_FOR_UPDATE, {"ids": list(post_ids)})]

    def page(self, wanted: Filter, *, before: str | None, limit: int) -> list[Post]:
        statement = _NEWEST_FIRST
        if wanted.author is not None:
            statement = statement.where(POSTS.c.author == wanted.author)
        if wanted.tag is not None:
            statement = statement.where(POSTS.c.tags.contains([wanted.tag]))
        if before is not None:
            statement = statement.where(POSTS.c.id < before)
        return [to_post(row) for row in self._connection.execute(statement, {"limit": limit})]

    def save(self, post: Post, *, seen: Post) -> None:
        changes = {"title": post.title, "body": post.body, "tags": list(post.tags), "updated_at": post.updated_at}
        saved = self._connection.execute(update(POSTS).where(*_as_seen(seen)).values(changes))
        _expect_one(saved.rowcount)

    def remove(self, seen: Post) -> None:
        removed = self._connection.execute(delete(POSTS).where(*_as_seen(seen)))
        _expect_one(removed.rowcount)

    def rescore(self, post_id: str, *, by: int) -> None:
        """Change the score. In the same transaction as the vote: the row lock queues the voters of a hot post."""
        self._connection.execute(_UPDATE_SCORE, {"post_id": post_id, "by": by})

    def boost(self, until: Mapping[str, datetime]) -> None:
        """Keep until when each of the posts is boosted. They must be held."""
        self._connection.execute(
            _UPDATE_BOOST, [{"post_id": post_id, "until": moment} for post_id, moment in until.items()]
        )

    def _one(self, statement: Select[*tuple[Any, ...]], post_id: str) -> Post:
        row = self._connection.execute(statement, {"id": post_id}).one_or_none()
        if row is None:
            raise NotFound("there is no such post")
        return to_post(row)


def to_post(row: Row[*tuple[Any, ...]]) -> Post:
    """Return the post of a row that begins with the columns of this table, in their order."""
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


def _as_seen(seen: Post) -> tuple[ColumnElement[bool], ...]:
    return (
        POSTS.c.id == seen.id,
        POSTS.c.title == seen.title,
        POSTS.c.body == seen.body,
        POSTS.c.tags == list(seen.tags),
    )


def _expect_one(changed: int) -> None:
    if changed == 0:
        raise Conflict("the post changed meanwhile")
