"""Votes: what a vote is, and the order of the leaderboard. Twins: monolith/votes, microservices/votes."""

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
    """One post as the leaderboard shows it."""

    post_id: str
    title: str
    author: str
    score: int


def cast(*, post_id: str, voter: str, value: float) -> Vote:
    """Return the vote, or raise InvalidInput: a vote is 1 or -1 (JSON's 1.0 is the same number)."""
    if value not in (1, -1):
        raise InvalidInput("value", "must be 1 or -1")
    return Vote(post_id=post_id, voter=voter, value=int(value))


class VoteStore(Protocol):
    def cast(self, vote: Vote) -> None:
        """Keep the vote in place of the voter's earlier one on that post."""

    def retract(self, post_id: str, voter: str) -> None:
        """Forget the vote, if there is one."""
