"""Unit 4: count votes for one post as the stream delivers them. No vote may be lost, and the score item must bear the writes."""

from collections.abc import Iterable
from typing import Any

import boto3

from microservices.clock import now
from microservices.votes import projection
from microservices.votes.leaderboard import DynamoLeaderboard
from tests.dynamodb_table import make_table
from tests.microservices.test_votes_are_counted_once import POST, vote_record
from tests.moto_aws import aws_in_process
from workshop.checking import CheckFailed

BATCH = 90  # records, as votes/template.yaml has it
VOTES = [(f"voter{number}", 1) for number in range(2 * BATCH)]
CHANGED_MINDS = [vote for number in range(BATCH // 2) for vote in ((f"voter{number}", -1), (f"voter{number}", 1))]
RATE = 1000  # votes a second, all for one post
ITEM_UNITS = 1000  # write units a second that DynamoDB gives to one item, whatever the table's capacity
TRANSACTION_UNITS = 2  # of one small item in a transaction
TARGET_UNITS = 100  # a tenth of the limit: the leaderboard's partition has other posts to bear


def check() -> None:
    """Deliver three batches. Raise CheckFailed for a lost vote, or for too many writes of the score item."""
    with aws_in_process():
        dynamodb = boto3.client("dynamodb", region_name="us-east-1")
        make_table(dynamodb, "votes")
        writes = _count_writes(dynamodb)
        leaderboard = DynamoLeaderboard(dynamodb, "votes", now)
        records = [*VOTES, *CHANGED_MINDS]
        for start in range(0, len(records), BATCH):
            _deliver(leaderboard, [vote_record(place, *records[place]) for place in range(start, start + BATCH)])
            expected = sum(dict(records[: start + BATCH]).values())
            if (score := leaderboard.get_score(POST).score) != expected:
                raise CheckFailed(
                    f"After {start + BATCH} records the votes sum up to {expected}, and the score is {score}.\n"
                    f"In the batch of records {start + 1} to {start + BATCH}, {_voters(records, start)} voters vote."
                )
    _require_few(len(writes), len(records))


def _require_few(writes: int, votes: int) -> None:
    units = RATE / votes * writes * TRANSACTION_UNITS
    if units > TARGET_UNITS:
        throttled = max(0.0, 1 - ITEM_UNITS / units)
        raise CheckFailed(
            f"{votes} votes for one post wrote its score item {writes} times.\n"
            f"  at {RATE:,} votes/s that is {units:,.0f} write units/s on one item\n"
            f"  DynamoDB gives one item {ITEM_UNITS:,}: {throttled:.0%} of the transactions are throttled\n"
            f"  target: at most {TARGET_UNITS} units/s, and no lost vote"
        )


def _count_writes(dynamodb: Any) -> list[str]:
    """Record each transaction that writes the score item."""
    writes: list[str] = []

    def record(params: dict[str, Any], **_: object) -> None:
        puts = (item.get("Put", item.get("Update", {})) for item in params["TransactItems"])
        writes.extend("score" for put in puts if "score" in str(put.get("Item", put.get("Key", {})).get("sk")))

    dynamodb.meta.events.register("before-parameter-build.dynamodb.TransactWriteItems", record)
    return writes


def _deliver(leaderboard: DynamoLeaderboard, records: Iterable[dict[str, Any]]) -> None:
    parsed = [each for each in map(projection.parse_vote, records) if each]
    counts = leaderboard.get_counts(each.vote for each in parsed)
    for votes in projection.group_by_post(parsed):
        projection.count_votes(leaderboard, votes, counts=counts)


def _voters(records: list[tuple[str, int]], start: int) -> int:
    return len({voter for voter, _ in records[start : start + BATCH]})
