"""Votes and the leaderboard on the wire."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from shared_domain.contract.parsing import build_decoder
from shared_domain.contract.times import to_rfc3339
from shared_domain.votes import ScoreEntry, Vote


@build_decoder
class NewVote(Struct, frozen=True, forbid_unknown_fields=True):
    value: float  # 1 or -1; JSON writes 1.0 for the same number


def vote_json(vote: Vote) -> dict[str, Any]:
    """Return the vote as its voter sees it."""
    return {"post_id": vote.post_id, "value": vote.value}


def leaderboard_json(entries: Sequence[ScoreEntry], *, as_of: datetime) -> dict[str, Any]:
    """Return the leaderboard: `entries` in board order, the moment they were true."""
    return {
        "items": [
            {
                "rank": rank,
                "post_id": entry.post_id,
                "title": entry.title,
                "author": entry.author,
                "score": entry.score,
            }
            for rank, entry in enumerate(entries, start=1)
        ],
        "as_of": to_rfc3339(as_of),
    }


def first_entries(board: dict[str, Any], limit: int) -> dict[str, Any]:
    """Return the board with its first `limit` items."""
    return {**board, "items": board["items"][:limit]}
