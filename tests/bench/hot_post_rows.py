"""A hot post: 2,000 users vote for one post, the deployed projection counts the votes in batches, and the score must be exact.

The votes service's own store writes the votes from this process, as fast as it can: through the gateway it would take a minute,
and batches would be small. The table, its stream, the batches and the projection are those of the local AWS.
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from time import monotonic, sleep, time
from typing import Any

from microservices.votes.store import DynamoVotes
from shared_domain.votes import Vote
from tests.bench.rows import Row

VOTES = 2_000
AT_ONCE = 4
AGAINST = 500  # votes of -1, so that the score is 1,000
SCORE = VOTES - 2 * AGAINST
COUNTED_WITHIN_S, LOGGED_WITHIN_S = 60.0, 10.0
POLL_S = 0.2


def rows(dynamodb: Any, logs: Any, *, table: str, post_id: str) -> Iterator[Row]:
    """Yield the rows of the score and of its writes. The post exists and has no votes yet."""
    since, before = time(), _await_score_entry(dynamodb, table, post_id)
    with ThreadPoolExecutor(AT_ONCE) as voters:
        list(voters.map(DynamoVotes(dynamodb, table).cast, _votes(post_id)))
    after = _await_score(dynamodb, table, post_id)
    yield Row(
        what=f"services: score of a post after {VOTES:,} votes by {VOTES:,} users",
        against="the sum of the votes",
        shown=f"{after['score']:,} of {SCORE:,}",
        value=abs(after["score"] - SCORE),
        reach=0,
        unit=" votes lost or counted twice",
        origin="emulated",
    )
    batches, writes = _batches(logs, since), after["version"] - before["version"]
    yield Row(
        what="services: writes of that score per batch of votes",
        against="–",
        shown=f"{writes / batches:.2f} ({writes} writes, {batches} batches)",
        value=writes / batches,
        reach=1,
        origin="emulated",
    )


def _votes(post_id: str) -> Iterator[Vote]:
    for number in range(VOTES):
        yield Vote(post_id=post_id, voter=f"hot_{number}", value=-1 if number < AGAINST else 1)


def _await_score_entry(dynamodb: Any, table: str, post_id: str) -> dict[str, int]:
    """Return the post's score entry once the votes service has it."""
    deadline = monotonic() + COUNTED_WITHIN_S
    while not (entry := _score_entry(dynamodb, table, post_id))["version"] and monotonic() < deadline:
        sleep(POLL_S)
    return entry


def _await_score(dynamodb: Any, table: str, post_id: str) -> dict[str, int]:
    """Return the post's score entry once the score is right, or at the deadline."""
    deadline = monotonic() + COUNTED_WITHIN_S
    while (entry := _score_entry(dynamodb, table, post_id))["score"] != SCORE and monotonic() < deadline:
        sleep(POLL_S)
    return entry


def _score_entry(dynamodb: Any, table: str, post_id: str) -> dict[str, int]:
    """Read the item of microservices/votes/leaderboard.py. Its version increases with each write."""
    key = {"pk": {"S": f"post#{post_id}"}, "sk": {"S": "score"}}
    item = dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item", {})
    return {name: int(item.get(name, {"N": "0"})["N"]) for name in ("score", "version")}


def _batches(logs: Any, since: float) -> int:
    """Return the number of batches: the projection logs one line for each, the last one after its write."""
    deadline = monotonic() + LOGGED_WITHIN_S
    while sum(batches := _counted(logs, since)) < VOTES and monotonic() < deadline:
        sleep(POLL_S)
    return len(batches)


def _counted(logs: Any, since: float) -> list[int]:
    """Return the votes of each batch that is logged."""
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName="/aws/lambda/reference-votes-projection", startTime=int(since * 1000)
    )
    lines = [each["message"] for page in pages for each in page["events"] if '"votes"' in each["message"]]
    counts = [json.loads(line[line.index("{") :]).get("votes", 0) for line in lines]
    return [each for each in counts if each]
