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
    value: float  # 1 or -1; JSON may write 1 as 1.0


def vote_json(vote: Vote) -> dict[str, Any]:
    """Return the vote as JSON for its voter."""
    return {"post_id": vote.post_id, "value": vote.value}


def leaderboard_json(entries: Sequence[ScoreEntry], *, as_of: datetime) -> dict[str, Any]:
    """Return the leaderboard as JSON: the entries in its order, and the time of its data."""
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


def first_entries(leaderboard: dict[str, Any], limit: int) -> dict[str, Any]:
    """Return the leaderboard with only its first `limit` items."""
    return {**leaderboard, "items": leaderboard["items"][:limit]}
