"""Votes become scores: the second function of request → table → stream → function → static page.

The monolith has no such file: there, vote and score are one transaction.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby

from microservices.post_item import post_id_of
from microservices.races import runs_again
from microservices.streams import Record, new_image, sequence
from microservices.votes.board import MOST_COUNTED_AT_ONCE, Counted, DynamoBoard, Tally


def vote_in(record: Record) -> Counted:
    """Return the vote that a stream record tells of, 0 for one that was retracted.

    Raise ValueError or KeyError if it tells none.
    """
    keys = record["dynamodb"]["Keys"]
    image = new_image(record)
    value = 0 if image is None else int(image["value"]["N"])
    if value not in (0, 1, -1):
        raise ValueError(f"{value} is no vote")
    voter = keys["sk"]["S"].removeprefix("vote#")
    return Counted(post_id=post_id_of(keys), voter=voter, value=value, sequence=sequence(record))


def count(board: DynamoBoard, votes: Iterable[Counted]) -> list[Tally]:
    """Count the votes, in any order and however often they come, and return how each of their posts stands."""
    ordered = sorted(votes, key=lambda vote: (vote.post_id, vote.sequence))
    return [_count_post(board, post_id, list(cast)) for post_id, cast in groupby(ordered, lambda vote: vote.post_id)]


def _count_post(board: DynamoBoard, post_id: str, votes: Sequence[Counted]) -> Tally:
    newest = list({vote.voter: vote for vote in votes}.values())
    tally = Tally(post_id=post_id)
    for start in range(0, len(newest), MOST_COUNTED_AT_ONCE):
        tally = _count_at_once(board, post_id, newest[start : start + MOST_COUNTED_AT_ONCE])
    return tally


@runs_again
def _count_at_once(board: DynamoBoard, post_id: str, votes: Sequence[Counted]) -> Tally:
    seen = board.tally(post_id)
    counted = board.counted(post_id, [vote.voter for vote in votes])
    fresh = [vote for vote in votes if vote.voter not in counted or counted[vote.voter].sequence < vote.sequence]
    if not fresh:
        return seen
    change = sum(vote.value - (counted[vote.voter].value if vote.voter in counted else 0) for vote in fresh)
    tally = replace(seen, score=seen.score + change, version=seen.version + 1)
    board.keep(tally, seen=seen, counted=fresh)
    return tally
