"""Votes in PostgreSQL. Twin: microservices/votes/store.py.

votes   one row per voter and post; a foreign key deletes it with its post

The sum is stored on the post. The index posts_by_score is the leaderboard.
"""

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    SmallInteger,
    Table,
    Text,
    bindparam,
    delete,
    select,
)
from sqlalchemy.dialects.postgresql import insert

from monolith.database import metadata
from monolith.posts.store import POSTS
from shared_domain.votes import ScoreEntry, Vote

VOTES = Table(
    "votes",
    metadata,
    Column("post_id", Text(collation="C"), ForeignKey(POSTS.c.id, ondelete="CASCADE"), primary_key=True),
    Column("voter", Text(collation="C"), primary_key=True),
    Column("value", SmallInteger, nullable=False),
)
_BY_KEY = (VOTES.c.post_id == bindparam("post_id"), VOTES.c.voter == bindparam("voter"))
_SELECT_VOTE = select(VOTES.c.value).where(*_BY_KEY)
_DELETE_VOTE = delete(VOTES).where(*_BY_KEY).returning(VOTES.c.value)
_UPSERT_VOTE = insert(VOTES)
_UPSERT_VOTE = _UPSERT_VOTE.on_conflict_do_update(
    index_elements=["post_id", "voter"], set_={"value": _UPSERT_VOTE.excluded.value}
)
_SELECT_LEADERBOARD = (
    select(POSTS.c.id.label("post_id"), POSTS.c.title, POSTS.c.author, POSTS.c.score)
    .order_by(POSTS.c.score.desc(), POSTS.c.id)
    .limit(bindparam("limit"))
)


class SqlVotes:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def cast(self, vote: Vote) -> int:
        """Store the vote and return the change of the score. This transaction must have locked the post."""
        before = self._connection.scalar(_SELECT_VOTE, {"post_id": vote.post_id, "voter": vote.voter}) or 0
        self._connection.execute(_UPSERT_VOTE, {"post_id": vote.post_id, "voter": vote.voter, "value": vote.value})
        return vote.value - before

    def retract(self, post_id: str, voter: str) -> int:
        """Delete the vote if there is one, and return the change of the score."""
        return -(self._connection.scalar(_DELETE_VOTE, {"post_id": post_id, "voter": voter}) or 0)

    def leaderboard(self, limit: int) -> list[ScoreEntry]:
        """Return the `limit` posts with the highest scores; the older post first if scores are equal."""
        return [ScoreEntry(**row._mapping) for row in self._connection.execute(_SELECT_LEADERBOARD, {"limit": limit})]
