"""Standings: how each post stands, what of it is counted, and its place on the board. Written by the two projections.

    standing   pk=post#<id>  sk=standing         state, score, version, title, author, heard
               state      unheard (votes came first), live, gone (for good: ids do not come back)
               version    grows with each write, which is conditional on the version it read, so no two cross. The first
                          is the time in milliseconds: a standing that was lost and is made again is newer than all that was
                          told of it, and those who take the newest score alone take it
               heard      sequence of the newest record of the posts table's stream that went in
    counted    pk=post#<id>  sk=counted#<voter>  value, sequence: which vote of a voter the score holds
    place      pk=board      sk=<order>          post_id, title, author, score: only of live posts

A change of a post's standing, its place, and the votes that went in are one transaction. So a batch that comes twice finds
its votes counted, one that comes late finds newer ones counted, and a crash leaves all or nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from microservices.dynamo import Item, Values, batch_get, number, refused, text
from shared_domain.contract.times import to_milliseconds
from shared_domain.errors import Conflict
from shared_domain.votes import ScoreEntry

MAX_VOTES_PER_TRANSACTION = (
    90  # a transaction holds a hundred items: these, the standing, the old place and the new one
)
_HIGHEST_SCORE = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class PostScore:
    """How a post stands."""

    post_id: str
    state: str = "unheard"
    score: int = 0
    version: int = 0
    title: str = ""
    author: str = ""
    heard: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedVote:
    """A voter's newest vote, 0 where it was retracted, and its place in the votes table's stream."""

    post_id: str
    voter: str
    value: int
    sequence: str


class DynamoLeaderboard:
    def __init__(self, dynamodb: Any, table: str, now: Callable[[], datetime]) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._now = now

    def tally(self, post_id: str) -> PostScore:
        """Return how the post stands, also where nothing is known of it yet."""
        found = self._dynamodb.get_item(TableName=self._table, Key=_standing_key(post_id), ConsistentRead=True)
        return _tally(post_id, found["Item"]) if "Item" in found else PostScore(post_id=post_id)

    def counted(self, post_id: str, voters: Sequence[str]) -> dict[str, CountedVote]:
        """Return which of the voters' votes the score holds, by voter."""
        keys = [_counted_key(post_id, voter) for voter in voters]
        known = [_counted(post_id, item) for item in batch_get(self._dynamodb, self._table, keys)]
        return {each.voter: each for each in known}

    def save(self, tally: PostScore, *, seen: PostScore, counted: Sequence[CountedVote] = ()) -> PostScore:
        """Replace the standing, its place on the board and what is counted; return it as it is kept, with its new version.

        Raise Conflict if it is no longer as seen.
        """
        kept = replace(tally, version=seen.version + 1 if seen.version else to_milliseconds(self._now()))
        writes = [
            self._put_standing(kept, seen=seen),
            *self._move(kept, seen=seen),
            *map(self._put, map(_counted_item, counted)),
        ]
        with refused(Conflict("the standing changed meanwhile")):
            self._dynamodb.transact_write_items(TransactItems=writes)
        return kept

    def leaderboard(self, limit: int) -> list[ScoreEntry]:
        """Return the first `limit` live posts in board order, strongly consistent."""
        answer = self._dynamodb.query(
            TableName=self._table,
            KeyConditionExpression="pk = :board",
            ExpressionAttributeValues={":board": text("board")},
            ConsistentRead=True,
            Limit=limit,
        )
        return [_standing(item) for item in answer["Items"]]

    def _put_standing(self, tally: PostScore, *, seen: PostScore) -> dict[str, Any]:
        put = self._put(_standing_item(tally))
        if seen.version == 0:
            put["Put"]["ConditionExpression"] = "attribute_not_exists(pk)"
        else:
            put["Put"]["ConditionExpression"] = "version = :seen"
            put["Put"]["ExpressionAttributeValues"] = {":seen": number(seen.version)}
        return put

    def _move(self, tally: PostScore, *, seen: PostScore) -> list[dict[str, Any]]:
        old, new = _place(seen), _place(tally)
        if old == new:
            return []
        leave = [{"Delete": {"TableName": self._table, "Key": _key_of(old)}}] if old else []
        if old and new and _key_of(old) == _key_of(new):
            leave = []  # a new title in the old place
        return leave + ([self._put(new)] if new else [])

    def _put(self, item: Values) -> dict[str, Any]:
        return {"Put": {"TableName": self._table, "Item": item}}


def _place(tally: PostScore) -> Values | None:
    """Return the board item of a post: the higher score sorts first, then the older id. None for a post that is not live."""
    if tally.state != "live":
        return None
    return {
        "pk": text("board"),
        "sk": text(f"{_HIGHEST_SCORE - tally.score:010d}#{tally.post_id}"),
        "post_id": text(tally.post_id),
        "title": text(tally.title),
        "author": text(tally.author),
        "score": number(tally.score),
    }


def _standing(place: Item) -> ScoreEntry:
    return ScoreEntry(
        post_id=place["post_id"]["S"],
        title=place["title"]["S"],
        author=place["author"]["S"],
        score=int(place["score"]["N"]),
    )


def _standing_item(tally: PostScore) -> Values:
    return {
        **_standing_key(tally.post_id),
        "state": text(tally.state),
        "score": number(tally.score),
        "version": number(tally.version),
        "title": text(tally.title),
        "author": text(tally.author),
        "heard": text(tally.heard),
    }


def _tally(post_id: str, item: Item) -> PostScore:
    return PostScore(
        post_id=post_id,
        state=item["state"]["S"],
        score=int(item["score"]["N"]),
        version=int(item["version"]["N"]),
        title=item["title"]["S"],
        author=item["author"]["S"],
        heard=item["heard"]["S"],
    )


def _counted_item(counted: CountedVote) -> Values:
    key = _counted_key(counted.post_id, counted.voter)
    return {**key, "value": number(counted.value), "sequence": text(counted.sequence)}


def _counted(post_id: str, item: Item) -> CountedVote:
    return CountedVote(
        post_id=post_id,
        voter=item["sk"]["S"].removeprefix("counted#"),
        value=int(item["value"]["N"]),
        sequence=item["sequence"]["S"],
    )


def _standing_key(post_id: str) -> Values:
    return {"pk": text(f"post#{post_id}"), "sk": text("standing")}


def _counted_key(post_id: str, voter: str) -> Values:
    return {"pk": text(f"post#{post_id}"), "sk": text(f"counted#{voter}")}


def _key_of(item: Values) -> Values:
    return {"pk": item["pk"], "sk": item["sk"]}
