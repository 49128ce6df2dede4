"""Apply post events to the leaderboard: which posts exist, their titles, which are withdrawn.

The monolith has no such file: it joins the posts table.
"""

import json
from dataclasses import replace

from microservices.conflicts import retry_on_conflict
from microservices.post_item import is_post, post_id_of
from microservices.streams import Record, new_image, sequence_number
from microservices.votes.leaderboard import DynamoLeaderboard, PostScore


def handle_event(leaderboard: DynamoLeaderboard, event: str) -> bool:
    """Apply a post event, which has the form of a stream's record; ignore an event of another type."""
    record = json.loads(event)
    return record["type"].startswith("post.") and apply_record(leaderboard, record)


@retry_on_conflict
def apply_record(leaderboard: DynamoLeaderboard, record: Record) -> bool:
    """Apply a record of the posts table's stream to the post's score; return whether the leaderboard must be published.

    Events arrive in any order: a record older than the last applied one is ignored, and a withdrawn post stays withdrawn.
    A repeated record publishes again, because the function may have stopped between saving and publishing.
    """
    if not is_post(record["dynamodb"]["Keys"]) or _has_same_title(record):
        return False
    seen = leaderboard.get_score(post_id_of(record["dynamodb"]["Keys"]))  # network
    score = _withdraw(seen) if record["eventName"] == "REMOVE" else _apply_image(seen, record)
    if score != seen:
        leaderboard.save(score, seen=seen)  # network
    # A record without a sequence number comes from a synchronous call of posts. The later event publishes the leaderboard.
    return "SequenceNumber" in record["dynamodb"]


def _has_same_title(record: Record) -> bool:
    """Return whether the title is unchanged, e.g. after a new score. The leaderboard entry is then unchanged too."""
    if record["eventName"] != "MODIFY":
        return False
    images = record["dynamodb"]
    return bool(images["OldImage"].get("title") == images["NewImage"].get("title"))


def _withdraw(seen: PostScore) -> PostScore:
    return replace(seen, state="withdrawn", title="", author="")


def _apply_image(seen: PostScore, record: Record) -> PostScore:
    image = new_image(record)
    if image is None or seen.state == "withdrawn" or sequence_number(record) <= seen.post_sequence:
        return seen
    return replace(
        seen,
        state="live",
        title=image["title"]["S"],
        author=image["author"]["S"],
        post_sequence=sequence_number(record),
    )
