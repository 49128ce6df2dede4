"""Count votes into scores. A vote takes this path: request → table → stream → this function → leaderboard page.

The monolith has no such file: it writes vote and score in one transaction.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from microservices.conflicts import retry_on_conflict
from microservices.post_item import post_id_of
from microservices.streams import Record, new_image, sequence_number
from microservices.votes.leaderboard import MAX_VOTES_PER_TRANSACTION, Count, CountedVote, DynamoLeaderboard, PostScore


class InvalidVote(Exception):
    """A stream record has the key of a vote, but no valid value."""


@dataclass(frozen=True, slots=True)
class VoteRecord:
    """A vote, and the stream record that it was read from."""

    vote: CountedVote
    record: Record


def parse_vote(record: Record) -> VoteRecord | None:
    """Return the vote of a record, with value 0 if it was retracted; None for an item that is no vote.

    Raise InvalidVote, or the error of reading a missing or malformed field.
    """
    keys = record["dynamodb"]["Keys"]
    if not keys["sk"]["S"].startswith("vote#"):
        return None  # leaderboard.py writes other items to the table, and an unfiltered stream contains them
    image = new_image(record)
    value = 0 if image is None else int(image["value"]["N"])
    if value not in (0, 1, -1):
        raise InvalidVote(f"a vote cannot be {value}")
    voter = keys["sk"]["S"].removeprefix("vote#")
    vote = CountedVote(post_id=post_id_of(keys), voter=voter, value=value, sequence=sequence_number(record))
    return VoteRecord(vote, record)


def group_by_post(records: Iterable[VoteRecord]) -> list[list[VoteRecord]]:
    """Return the votes in one group per post, each in the order of the stream."""
    ordered = sorted(records, key=lambda each: (each.vote.post_id, each.vote.sequence))
    return [list(group) for _, group in groupby(ordered, lambda each: each.vote.post_id)]


def count_votes(
    leaderboard: DynamoLeaderboard, records: Sequence[VoteRecord], *, counts: dict[str, Count]
) -> PostScore:
    """Count the votes of one post and return its score, with one transaction per ninety votes.

    Votes may arrive repeatedly or late: only a vote newer than the voter's counted one changes the score. counts: what was read
    for the whole batch; a post that is not in it, or no longer, is read here.
    """
    post_id = records[0].vote.post_id
    newest = list({each.vote.voter: each.vote for each in records}.values())
    score = PostScore(post_id=post_id)
    for start in range(0, len(newest), MAX_VOTES_PER_TRANSACTION):
        score = _count_batch(leaderboard, post_id, newest[start : start + MAX_VOTES_PER_TRANSACTION], counts)
    return score


@retry_on_conflict
def _count_batch(
    leaderboard: DynamoLeaderboard, post_id: str, votes: Sequence[CountedVote], counts: dict[str, Count]
) -> PostScore:
    seen, counted = counts.pop(post_id) if post_id in counts else leaderboard.get_counts(votes)[post_id]  # network
    fresh = [vote for vote in votes if vote.voter not in counted or counted[vote.voter].sequence < vote.sequence]
    if not fresh:
        return seen
    change = sum(vote.value - (counted[vote.voter].value if vote.voter in counted else 0) for vote in fresh)
    return leaderboard.save(replace(seen, score=seen.score + change), seen=seen, counted=fresh)  # network
