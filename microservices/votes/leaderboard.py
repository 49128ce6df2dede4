"""The score of each post, the votes that it includes, and the leaderboard. Written by the two functions that events trigger.

    score     pk=post#<id>    sk=score            state, score, version, title, author, post_sequence
              state           unknown (votes arrived before the post), live, withdrawn (final: ids are not reused)
              version         grows with each write, and each write is conditional on the version that it read. It starts at
                              the current milliseconds, so that an item that was lost and is rebuilt is newer than every
                              score that was published before; subscribers ignore older versions
              post_sequence   sequence number of the newest record of the posts table's stream that was applied
    counted   pk=post#<id>    sk=counted#<voter>  value, sequence: the vote of a voter that the score includes
    entry     pk=leaderboard  sk=<order>          post_id, title, author, score: only for live posts

One transaction writes a post's score, its leaderboard entry and the votes that were added. So a repeated batch
changes nothing, a late vote never replaces a newer one, and a crash leaves either all of the change or nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from microservices.dynamo import Item, Values, batch_get, map_failed_conditions, number, text
from microservices.post_item import post_id_of
from shared_domain.contract.times import to_milliseconds
from shared_domain.errors import Conflict
from shared_domain.votes import ScoreEntry

# A transaction writes at most a hundred items: these votes, the score, and the old and new leaderboard entry.
MAX_VOTES_PER_TRANSACTION = 90
_LEADERBOARD = text("leaderboard")
_HIGHEST_SCORE = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class PostScore:
    """The score of a post, and what its leaderboard entry shows."""

    post_id: str
    state: str = "unknown"
    score: int = 0
    version: int = 0
    title: str = ""
    author: str = ""
    post_sequence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedVote:
    """A voter's newest vote, 0 if it was retracted, and its sequence number in the votes table's stream."""

    post_id: str
    voter: str
    value: int
    sequence: str


class Count(NamedTuple):
    """The score of a post, and the votes of some voters that it includes, by voter."""

    score: PostScore
    votes: dict[str, CountedVote]


class DynamoLeaderboard:
    def __init__(self, dynamodb: Any, table: str, now: Callable[[], datetime]) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._now = now

    def get_score(self, post_id: str) -> PostScore:
        """Return the score of the post; a new one in state `unknown` if there is none."""
        found = self._dynamodb.get_item(TableName=self._table, Key=_score_key(post_id), ConsistentRead=True)
        return _post_score(found["Item"]) if "Item" in found else PostScore(post_id=post_id)

    def get_counts(self, votes: Iterable[CountedVote]) -> dict[str, Count]:
        """Return what is counted for the posts and voters of some votes, by post. Each call reads up to a hundred items.

        Read the scores first: a write between both reads then changes the version of a score that was read, and `save` fails.
        """
        voters = {(vote.post_id, vote.voter) for vote in votes}
        counts = {post_id: Count(PostScore(post_id=post_id), {}) for post_id, _ in voters}
        for score in map(_post_score, self._batch_get(map(_score_key, counts))):
            counts[score.post_id] = Count(score, {})
        for vote in map(_counted_vote, self._batch_get(_counted_key(*each) for each in voters)):
            counts[vote.post_id].votes[vote.voter] = vote
        return counts

    def save(self, score: PostScore, *, seen: PostScore, counted: Sequence[CountedVote] = ()) -> PostScore:
        """Replace the score, its leaderboard entry and the counted votes. Return what was stored, with its new version.

        Raise Conflict if the score has changed since it was read.
        """
        stored = replace(score, version=seen.version + 1 if seen.version else to_milliseconds(self._now()))
        writes = [
            self._put_score(stored, seen=seen),
            *self._move_entry(stored, seen=seen),
            *map(self._put, map(_counted_item, counted)),
        ]
        with map_failed_conditions(Conflict("the score has changed since it was read")):
            self._dynamodb.transact_write_items(TransactItems=writes)
        return stored

    def list_entries(self, limit: int) -> list[ScoreEntry]:
        """Return the first `limit` live posts in the order of the leaderboard. The read is strongly consistent."""
        page = self._dynamodb.query(
            TableName=self._table,
            KeyConditionExpression="pk = :leaderboard",
            ExpressionAttributeValues={":leaderboard": _LEADERBOARD},
            ConsistentRead=True,
            Limit=limit,
        )
        return [_score_entry(item) for item in page["Items"]]

    def _batch_get(self, keys: Iterable[Values]) -> Iterator[Item]:
        return batch_get(self._dynamodb, self._table, list(keys))

    def _put_score(self, score: PostScore, *, seen: PostScore) -> dict[str, Any]:
        put = self._put(_score_item(score))
        if seen.version == 0:
            put["Put"]["ConditionExpression"] = "attribute_not_exists(pk)"
        else:
            put["Put"]["ConditionExpression"] = "version = :seen"
            put["Put"]["ExpressionAttributeValues"] = {":seen": number(seen.version)}
        return put

    def _move_entry(self, score: PostScore, *, seen: PostScore) -> list[dict[str, Any]]:
        old, new = _entry_item(seen), _entry_item(score)
        if old == new:
            return []
        delete = [{"Delete": {"TableName": self._table, "Key": _key_of(old)}}] if old else []
        if old and new and _key_of(old) == _key_of(new):
            delete = []  # only the title changed: the put replaces the entry
        return delete + ([self._put(new)] if new else [])

    def _put(self, item: Values) -> dict[str, Any]:
        return {"Put": {"TableName": self._table, "Item": item}}


def _entry_item(score: PostScore) -> Values | None:
    """Return the leaderboard entry of a post: higher scores sort first, then older ids. None for a post that is not live."""
    if score.state != "live":
        return None
    return {
        "pk": _LEADERBOARD,
        "sk": text(f"{_HIGHEST_SCORE - score.score:010d}#{score.post_id}"),
        "post_id": text(score.post_id),
        "title": text(score.title),
        "author": text(score.author),
        "score": number(score.score),
    }


def _score_entry(item: Item) -> ScoreEntry:
    return ScoreEntry(
        post_id=item["post_id"]["S"],
        title=item["title"]["S"],
        author=item["author"]["S"],
        score=int(item["score"]["N"]),
    )


def _score_item(score: PostScore) -> Values:
    return {
        **_score_key(score.post_id),
        "state": text(score.state),
        "score": number(score.score),
        "version": number(score.version),
        "title": text(score.title),
        "author": text(score.author),
        "post_sequence": text(score.post_sequence),
    }


def _post_score(item: Item) -> PostScore:
    return PostScore(
        post_id=post_id_of(item),
        state=item["state"]["S"],
        score=int(item["score"]["N"]),
        version=int(item["version"]["N"]),
        title=item["title"]["S"],
        author=item["author"]["S"],
        post_sequence=item["post_sequence"]["S"],
    )


def _counted_item(vote: CountedVote) -> Values:
    key = _counted_key(vote.post_id, vote.voter)
    return {**key, "value": number(vote.value), "sequence": text(vote.sequence)}


def _counted_vote(item: Item) -> CountedVote:
    return CountedVote(
        post_id=post_id_of(item),
        voter=item["sk"]["S"].removeprefix("counted#"),
        value=int(item["value"]["N"]),
        sequence=item["sequence"]["S"],
    )


def _score_key(post_id: str) -> Values:
    return {"pk": text(f"post#{post_id}"), "sk": text("score")}


def _counted_key(post_id: str, voter: str) -> Values:
    return {"pk": text(f"post#{post_id}"), "sk": text(f"counted#{voter}")}


def _key_of(item: Values) -> Values:
    return {"pk": item["pk"], "sk": item["sk"]}
