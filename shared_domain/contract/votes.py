"""Votes and the leaderboard on the wire."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from shared_domain.contract.parsing import learned
from shared_domain.contract.times import written
from shared_domain.votes import Standing, Vote


@learned
class Ballot(Struct, frozen=True, forbid_unknown_fields=True):
    value: float  # 1 or -1; JSON writes 1.0 for the same number


def vote_json(vote: Vote) -> dict[str, Any]:
    """Return the vote as its voter sees it."""
    return {"post_id": vote.post_id, "value": vote.value}


def board_json(standings: Sequence[Standing], *, as_of: datetime) -> dict[str, Any]:
    """Return the leaderboard: `standings` in board order, the moment they were true."""
    return {
        "items": [
            {
                "rank": rank,
                "post_id": standing.post_id,
                "title": standing.title,
                "author": standing.author,
                "score": standing.score,
            }
            for rank, standing in enumerate(standings, start=1)
        ],
        "as_of": written(as_of),
    }


def first_of(board: dict[str, Any], limit: int) -> dict[str, Any]:
    """Return the board with its first `limit` items."""
    return {**board, "items": board["items"][:limit]}
