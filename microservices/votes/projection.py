"""Votes become scores: the second function of request → table → stream → function → static page.

The monolith has no such file: there, vote and score are one transaction.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from microservices.conflicts import retry_on_conflict
from microservices.post_item import post_id_of
from microservices.streams import Record, new_image, sequence
from microservices.votes.leaderboard import MAX_VOTES_PER_TRANSACTION, CountedVote, DynamoLeaderboard, PostScore


class InvalidVote(Exception):
    """A record of the votes table's stream that tells of no vote, though it should."""


@dataclass(frozen=True, slots=True)
class Told:
    """A vote, and the record that told of it."""

    vote: CountedVote
    record: Record


def parse_vote(record: Record) -> Told | None:
    """Return the vote that a record tells of, 0 for one that was retracted; None where the item is no vote.

    Raise InvalidVote, or what its reading raises, where the item should be one.
    """
    keys = record["dynamodb"]["Keys"]
    if not keys["sk"]["S"].startswith("vote#"):
        return None  # what board.py keeps in the same table, and the stream brings where nothing filters it
    image = new_image(record)
    value = 0 if image is None else int(image["value"]["N"])
    if value not in (0, 1, -1):
        raise InvalidVote(f"{value} is no vote")
    voter = keys["sk"]["S"].removeprefix("vote#")
    return Told(CountedVote(post_id=post_id_of(keys), voter=voter, value=value, sequence=sequence(record)), record)


def by_post(told: Iterable[Told]) -> list[list[Told]]:
    """Return the votes in groups of one post each, in the order of the stream."""
    ordered = sorted(told, key=lambda each: (each.vote.post_id, each.vote.sequence))
    return [list(group) for _, group in groupby(ordered, lambda each: each.vote.post_id)]


def count(board: DynamoLeaderboard, told: Sequence[Told]) -> PostScore:
    """Count votes of one post, however often and late they come, and return how it stands: a transaction for every ninety."""
    post_id = told[0].vote.post_id
    newest = list({each.vote.voter: each.vote for each in told}.values())
    tally = PostScore(post_id=post_id)
    for start in range(0, len(newest), MAX_VOTES_PER_TRANSACTION):
        tally = _count_at_once(board, post_id, newest[start : start + MAX_VOTES_PER_TRANSACTION])
    return tally


@retry_on_conflict
def _count_at_once(board: DynamoLeaderboard, post_id: str, votes: Sequence[CountedVote]) -> PostScore:
    seen = board.tally(post_id)  # network
    counted = board.counted(post_id, [vote.voter for vote in votes])  # network
    fresh = [vote for vote in votes if vote.voter not in counted or counted[vote.voter].sequence < vote.sequence]
    if not fresh:
        return seen
    change = sum(vote.value - (counted[vote.voter].value if vote.voter in counted else 0) for vote in fresh)
    return board.save(replace(seen, score=seen.score + change), seen=seen, counted=fresh)  # network
