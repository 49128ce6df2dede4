"""Votes hears of posts: which live, under which title, which are gone.

The monolith has no such file: there, the post is a row beside its votes.
"""

import json
from dataclasses import replace

from microservices.conflicts import retry_on_conflict
from microservices.post_item import is_post, post_id_of
from microservices.streams import Record, new_image, sequence
from microservices.votes.leaderboard import DynamoLeaderboard, PostScore


def handle_event(board: DynamoLeaderboard, event: str) -> bool:
    """Take in what an event tells of a post, in the form of a stream's record; one of another type is passed over."""
    told = json.loads(event)
    return told["type"].startswith("post.") and hear(board, told)


@retry_on_conflict
def hear(board: DynamoLeaderboard, record: Record) -> bool:
    """Take in what a record of the posts table's stream tells of a post; return whether the board must be published.

    Events bring the records in any order: one older than what was heard is passed over, and a post that is gone stays gone.
    One that comes again is published again: the function may have ended between keeping and publishing.
    """
    if not is_post(record["dynamodb"]["Keys"]) or _keeps_the_title(record):
        return False
    seen = board.tally(post_id_of(record["dynamodb"]["Keys"]))  # network
    tally = _gone(seen) if record["eventName"] == "REMOVE" else _told(seen, record)
    if tally != seen:
        board.save(tally, seen=seen)  # network
    return "SequenceNumber" in record["dynamodb"]  # else posts tells it itself, and waits: the event publishes it


def _keeps_the_title(record: Record) -> bool:
    """Tell whether the post changed in nothing that the board shows, e.g. in the score that this service told it."""
    if record["eventName"] != "MODIFY":
        return False
    images = record["dynamodb"]
    return bool(images["OldImage"].get("title") == images["NewImage"].get("title"))


def _gone(seen: PostScore) -> PostScore:
    return replace(seen, state="gone", title="", author="")


def _told(seen: PostScore, record: Record) -> PostScore:
    image = new_image(record)
    if image is None or seen.state == "gone" or sequence(record) <= seen.heard:
        return seen
    return replace(seen, state="live", title=image["title"]["S"], author=image["author"]["S"], heard=sequence(record))
