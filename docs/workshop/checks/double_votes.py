"""Unit 5: try histories of deliveries, the shortest first, and show the first one whose score is wrong."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import boto3

from microservices.clock import now
from microservices.votes import projection
from microservices.votes.leaderboard import DynamoLeaderboard
from tests.dynamodb_table import make_table
from tests.microservices.test_votes_are_counted_once import vote_record
from tests.moto_aws import aws_in_process
from workshop.checking import CheckFailed

# What voters do, in the order of the stream. 0 retracts the vote.
VOTES = (
    (("ada", 1),),
    (("ada", 1), ("bob", 1)),
    (("ada", 1), ("ada", -1)),
    (("ada", 1), ("ada", 0)),
    (("ada", 1), ("bob", -1), ("ada", 0)),
)
MOST_BATCHES = 3
_WORDS = {1: "votes +1", -1: "votes -1", 0: "retracts the vote"}


@dataclass(frozen=True, slots=True)
class History:
    """Votes, and the batches in which their records are delivered, by their places in the stream."""

    votes: Sequence[tuple[str, int]]
    batches: Sequence[Sequence[int]]

    @property
    def score(self) -> int:
        """Return the score that all deliveries must lead to: the newest vote of each voter counts once."""
        return sum(dict(self.votes).values())


def histories() -> Iterator[History]:
    """Yield histories, those with the fewest deliveries first. Every record arrives at least once; some arrive again or late."""
    cases = [
        History(votes, batches)
        for votes in VOTES
        for length in range(1, MOST_BATCHES + 1)
        for batches in product(_batches(len(votes)), repeat=length)
        if {place for batch in batches for place in batch} == {*range(len(votes))}
    ]
    return iter(sorted(cases, key=lambda one: (sum(map(len, one.batches)), len(one.batches))))


def check() -> None:
    """Deliver every history to a new post. Raise CheckFailed with the smallest that goes wrong."""
    with aws_in_process():
        dynamodb = boto3.client("dynamodb", region_name="us-east-1")
        make_table(dynamodb, "votes")
        leaderboard = DynamoLeaderboard(dynamodb, "votes", now)
        for number, history in enumerate(histories()):
            scores = [_deliver(leaderboard, f"{number:026d}", history, batch) for batch in history.batches]
            if scores[-1] != history.score:
                raise CheckFailed(describe(history, scores))


def describe(history: History, scores: Sequence[int]) -> str:
    """Return a history line by line, with the score after each delivery."""
    lines = ["The smallest history that goes wrong:"]
    lines += [f"  record {place + 1}: {voter} {_WORDS[value]}" for place, (voter, value) in enumerate(history.votes)]
    seen: set[int] = set()
    for batch, score in zip(history.batches, scores, strict=True):
        notes = [f"{place + 1}{' again' if place in seen else ''}" for place in batch]
        seen |= {*batch}
        lines.append(f"  delivered: {', '.join(notes):<24} score {score}")
    return "\n".join([*lines, f"  expected score {history.score}, got {scores[-1]}"])


def _batches(records: int) -> list[tuple[int, ...]]:
    """Return single records, and all of them in one batch."""
    return [*((place,) for place in range(records)), *([tuple(range(records))] if records > 1 else [])]


def _deliver(leaderboard: DynamoLeaderboard, post_id: str, history: History, batch: Sequence[int]) -> int:
    """Deliver a batch to the projection, as its handler does. Return the score after it."""
    records = [vote_record(place + 1, *history.votes[place]) for place in batch]
    for record in records:
        record["dynamodb"]["Keys"]["pk"]["S"] = f"post#{post_id}"
    parsed = [each for each in map(projection.parse_vote, records) if each]
    counts = leaderboard.get_counts(each.vote for each in parsed)
    for votes in projection.group_by_post(parsed):
        projection.count_votes(leaderboard, votes, counts=counts)
    return leaderboard.get_score(post_id).score
