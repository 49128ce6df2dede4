"""Votes and the leaderboard. Twins: monolith/votes, microservices/votes."""

from dataclasses import dataclass
from typing import Protocol

from shared_domain.errors import InvalidInput

PAGE_LENGTH = 20  # posts on the static page
MAX_LEADERBOARD_LENGTH = 100  # posts on the JSON leaderboard


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    post_id: str
    voter: str
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreEntry:
    """One post on the leaderboard."""

    post_id: str
    title: str
    author: str
    score: int


def cast(*, post_id: str, voter: str, value: float) -> Vote:
    """Return the vote. Raise InvalidInput unless its value is 1 or -1 (JSON's 1.0 is the same number)."""
    if value not in (1, -1):
        raise InvalidInput("value", "must be 1 or -1")
    return Vote(post_id=post_id, voter=voter, value=int(value))


class VoteStore(Protocol):
    def cast(self, vote: Vote) -> None:
        """Store the vote, replacing the voter's earlier one on that post."""

    def retract(self, post_id: str, voter: str) -> None:
        """Delete the vote if there is one."""
