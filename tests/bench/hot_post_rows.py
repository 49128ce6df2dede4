"""A hot post: 2,000 users vote for one post, the deployed projection counts them in batches, and the score must be exact.

The votes are kept by the votes room's own store, from this process and as fast as it takes them: through the gateway it would
take a minute, and batches would be small. The table, its stream, the batches and the projection are the local AWS's.
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
AGAINST = 500  # of them: the score is 1,000
SCORE = VOTES - 2 * AGAINST
COUNTED_WITHIN_S, LOGGED_WITHIN_S = 60.0, 10.0
POLL_S = 0.2


def rows(dynamodb: Any, logs: Any, *, table: str, post_id: str) -> Iterator[Row]:
    """Yield the rows of the score and of the writes of its tally. The post is there and nobody has voted for it yet."""
    since, before = time(), _known(dynamodb, table, post_id)
    with ThreadPoolExecutor(AT_ONCE) as voters:
        list(voters.map(DynamoVotes(dynamodb, table).cast, _votes(post_id)))
    after = _settled(dynamodb, table, post_id)
    yield Row(
        what=f"services: the score of a post after {VOTES:,} votes by {VOTES:,} users",
        against="the votes cast",
        shown=f"{after['score']:,} of {SCORE:,}",
        value=abs(after["score"] - SCORE),
        reach=0,
        unit=" lost or counted twice",
        origin="emulated",
    )
    batches, writes = _batches(logs, since), after["version"] - before["version"]
    yield Row(
        what="services: writes of that post's tally, for each batch of votes",
        against="–",
        shown=f"{writes / batches:.2f} ({writes} writes, {batches} batches)",
        value=writes / batches,
        reach=1,
        origin="emulated",
    )


def _votes(post_id: str) -> Iterator[Vote]:
    for number in range(VOTES):
        yield Vote(post_id=post_id, voter=f"hot_{number}", value=-1 if number < AGAINST else 1)


def _known(dynamodb: Any, table: str, post_id: str) -> dict[str, int]:
    """Return how the post stands once the votes room has heard of it."""
    deadline = monotonic() + COUNTED_WITHIN_S
    while not (standing := _standing(dynamodb, table, post_id))["version"] and monotonic() < deadline:
        sleep(POLL_S)
    return standing


def _settled(dynamodb: Any, table: str, post_id: str) -> dict[str, int]:
    """Return how the post stands once the score is right, or as it is when it has had its time."""
    deadline = monotonic() + COUNTED_WITHIN_S
    while (standing := _standing(dynamodb, table, post_id))["score"] != SCORE and monotonic() < deadline:
        sleep(POLL_S)
    return standing


def _standing(dynamodb: Any, table: str, post_id: str) -> dict[str, int]:
    """The item is described in microservices/votes/leaderboard.py; its version grows by one with each write."""
    key = {"pk": {"S": f"post#{post_id}"}, "sk": {"S": "score"}}
    found = dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item", {})
    return {name: int(found.get(name, {"N": "0"})["N"]) for name in ("score", "version")}


def _batches(logs: Any, since: float) -> int:
    """Return how many batches held the votes: the projection writes one line to its log for each, the last one after its tally."""
    deadline = monotonic() + LOGGED_WITHIN_S
    while sum(batches := _counted(logs, since)) < VOTES and monotonic() < deadline:
        sleep(POLL_S)
    return len(batches)


def _counted(logs: Any, since: float) -> list[int]:
    """Return how many votes each batch held, as far as is logged."""
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName="/aws/lambda/reference-votes-projection", startTime=int(since * 1000)
    )
    lines = [each["message"] for page in pages for each in page["events"] if '"votes"' in each["message"]]
    counts = [json.loads(line[line.index("{") :]).get("votes", 0) for line in lines]
    return [each for each in counts if each]
