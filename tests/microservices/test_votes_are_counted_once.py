"""The score equals the sum of the votes, although events are delivered repeatedly and functions end at any point."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from itertools import count
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given, settings
from hypothesis import strategies as some

from microservices.clock import now
from microservices.streams import MAX_ATTEMPTS, Record, handle_records, item_key
from microservices.votes import post_events, projection
from microservices.votes.leaderboard import DynamoLeaderboard
from microservices.votes.leaderboard_object import PAGE_KEY, ETags, LeaderboardObject
from microservices.votes.publication import publish_leaderboard
from shared_domain.errors import Conflict
from shared_domain.votes import ScoreEntry
from tests.dynamodb_table import make_table
from tests.moto_aws import aws_in_process

POST = "01M7X1YXN3SBB3DZEFS5FNXBMV"
VOTERS = ("ada", "bob", "cyd")
CALLS = 8  # of applying a post event and counting three votes in two batches

Votes = list[tuple[str, int]]


def vote_record(place: int, voter: str, value: int) -> Record:
    """Return the stream record of a vote; value 0 is a retracted one."""
    keys = {"pk": {"S": f"post#{POST}"}, "sk": {"S": f"vote#{voter}"}}
    images: dict[str, Any] = {"NewImage": {**keys, "value": {"N": str(value)}}} if value else {"OldImage": keys}
    name = "MODIFY" if value else "REMOVE"
    return {"eventName": name, "dynamodb": {"Keys": keys, "SequenceNumber": str(place), **images}}


def post_record(place: int, title: str | None) -> Record:
    """Return the stream record of a post with this title; None is a withdrawal."""
    keys = {"pk": {"S": f"post#{POST}"}, "sk": {"S": "post"}}
    if title is None:
        return {"eventName": "REMOVE", "dynamodb": {"Keys": keys, "SequenceNumber": str(place)}}
    image = {**keys, "title": {"S": title}, "author": {"S": "ada"}}
    return {"eventName": "INSERT", "dynamodb": {"Keys": keys, "SequenceNumber": str(place), "NewImage": image}}


@pytest.fixture
def leaderboard() -> Iterator[DynamoLeaderboard]:
    with aws_in_process():
        yield new_leaderboard(boto3.client("dynamodb", region_name="us-east-1"), "votes")


def new_leaderboard(dynamodb: Any, table: str) -> DynamoLeaderboard:
    make_table(dynamodb, table)
    return DynamoLeaderboard(dynamodb, table, now)


def score_of(votes: Votes) -> int:
    return sum(dict(votes).values())


def deliver(leaderboard: DynamoLeaderboard, records: list[Record]) -> None:
    parsed = [each for each in map(projection.parse_vote, records) if each]
    counts = leaderboard.get_counts(each.vote for each in parsed)
    for votes in projection.group_by_post(parsed):
        projection.count_votes(leaderboard, votes, counts=counts)


def fail_on_call(leaderboard: DynamoLeaderboard, number: int, error: Exception) -> Callable[[], None]:
    """Make the n-th call from now on fail before it reaches the store; return a function that undoes this."""
    calls = count(1)

    def fail(**_: object) -> None:
        if next(calls) == number:
            raise error

    events = leaderboard._dynamodb.meta.events
    events.register("before-call.dynamodb", fail)
    return lambda: events.unregister("before-call.dynamodb", fail)


@pytest.mark.slow
@pytest.mark.parametrize("examples", [25, pytest.param(250, marks=pytest.mark.deep)])
def test_repeated_and_reordered_batches_count_each_vote_once(examples: int) -> None:
    tables = (f"votes{number}" for number in count())

    @given(
        votes=some.lists(some.tuples(some.sampled_from(VOTERS), some.sampled_from([1, -1, 0])), max_size=12),
        chaos=some.data(),
    )
    @settings(max_examples=examples, deadline=None, derandomize=True)
    def check(votes: Votes, chaos: some.DataObject) -> None:
        records = [vote_record(place, *vote) for place, vote in enumerate(votes, start=7)]
        again = chaos.draw(some.lists(some.sampled_from(records), max_size=8)) if records else []
        shuffled = chaos.draw(some.permutations([*records, *again]))
        size = chaos.draw(some.integers(1, 6))
        batches = [shuffled[start : start + size] for start in range(0, len(shuffled), size)]
        post_event_at = chaos.draw(some.integers(0, len(batches)))
        leaderboard = new_leaderboard(dynamodb, next(tables))
        for place, batch in enumerate([*batches, []]):
            if place == post_event_at:
                post_events.apply_record(leaderboard, post_record(1, "Title"))
            deliver(leaderboard, batch)
        assert leaderboard.get_score(POST).score == score_of(votes)
        assert leaderboard.list_entries(5) == [
            ScoreEntry(post_id=POST, title="Title", author="ada", score=score_of(votes))
        ]

    with aws_in_process():
        dynamodb = boto3.client("dynamodb", region_name="us-east-1")
        check()


@pytest.mark.parametrize("call", range(1, CALLS + 2))
def test_a_function_that_ends_at_any_call_counts_each_vote_once(leaderboard: DynamoLeaderboard, call: int) -> None:
    records = [vote_record(place, voter, 1) for place, voter in enumerate(VOTERS, start=1)]
    undo = fail_on_call(leaderboard, call, KeyboardInterrupt("the function ends here"))  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt) if call <= CALLS else nullcontext():
        post_events.apply_record(leaderboard, post_record(1, "Title"))
        deliver(leaderboard, records[:2])
        deliver(leaderboard, records)
    undo()
    post_events.apply_record(leaderboard, post_record(1, "Title"))
    deliver(leaderboard, records)
    assert [entry.score for entry in leaderboard.list_entries(5)] == [3]


def test_a_transaction_conflict_is_retried(leaderboard: DynamoLeaderboard) -> None:
    conflict = ClientError(
        {
            "Error": {"Code": "TransactionCanceledException", "Message": ""},
            "CancellationReasons": [{"Code": "TransactionConflict"}],
        },  # type: ignore[typeddict-unknown-key]
        "TransactWriteItems",
    )
    undo = fail_on_call(
        leaderboard, 3, conflict
    )  # the third call writes, after reads of the score and of counted votes
    deliver(leaderboard, [vote_record(1, "ada", 1)])
    undo()
    assert leaderboard.get_score(POST).score == 1


def test_a_count_that_changes_after_the_batch_was_read_is_read_again(leaderboard: DynamoLeaderboard) -> None:
    deliver(leaderboard, [vote_record(1, "ada", 1)])
    votes = [each for each in [projection.parse_vote(vote_record(3, "bob", 1))] if each]
    counts = leaderboard.get_counts(each.vote for each in votes)
    deliver(leaderboard, [vote_record(2, "cyd", 1), vote_record(3, "bob", 1)])
    assert projection.count_votes(leaderboard, votes, counts=counts).score == 3


def test_a_batch_of_votes_for_many_posts_is_read_in_two_calls(leaderboard: DynamoLeaderboard) -> None:
    calls: list[str] = []
    leaderboard._dynamodb.meta.events.register("before-call.dynamodb", lambda model, **_: calls.append(model.name))
    records = [vote_record(place, "ada", 1) for place in range(1, 31)]
    for place, record in enumerate(records):
        record["dynamodb"]["Keys"]["pk"]["S"] = f"post#{place:026d}"
    deliver(leaderboard, records)
    assert calls == ["BatchGetItem"] * 2 + ["TransactWriteItems"] * 30


def test_more_votes_than_one_transaction_writes_are_counted(leaderboard: DynamoLeaderboard) -> None:
    deliver(leaderboard, [vote_record(place, f"voter{place}", 1) for place in range(1, 201)])
    assert leaderboard.get_score(POST).score == 200


def test_a_rebuilt_score_has_a_newer_version_than_the_lost_one(
    leaderboard: DynamoLeaderboard,
) -> None:
    def count_vote(place: int) -> int:
        (vote,) = filter(None, [projection.parse_vote(vote_record(place, "ada", 1 if place % 2 else -1))])
        return projection.count_votes(leaderboard, [vote], counts={}).version

    versions = [count_vote(place) for place in range(1, 6)]
    assert versions == list(range(versions[0], versions[0] + 5))
    dynamodb = boto3.client("dynamodb", region_name="us-east-1")
    for item in dynamodb.scan(TableName="votes")["Items"]:
        dynamodb.delete_item(TableName="votes", Key={"pk": item["pk"], "sk": item["sk"]})
    post_events.apply_record(leaderboard, post_record(1, "Title"))
    assert count_vote(7) > versions[-1]


def test_a_withdrawn_post_stays_withdrawn(leaderboard: DynamoLeaderboard) -> None:
    withdrawal = post_record(2, None)
    del withdrawal["dynamodb"]["SequenceNumber"]  # as posts sends it synchronously, ahead of the stream
    post_events.apply_record(leaderboard, withdrawal)
    post_events.apply_record(leaderboard, post_record(1, "Title"))
    deliver(leaderboard, [vote_record(1, "ada", 1)])
    assert leaderboard.list_entries(5) == []
    assert leaderboard.get_score(POST).state == "withdrawn"


def test_an_older_title_does_not_replace_a_newer_one(leaderboard: DynamoLeaderboard) -> None:
    for place, title in [(1, "First"), (3, "Third"), (2, "Second")]:
        post_events.apply_record(leaderboard, post_record(place, title))
    assert [entry.title for entry in leaderboard.list_entries(5)] == ["Third"]


class Site(LeaderboardObject):
    """Call a function before each write."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        super().__init__("site")
        self.__dict__["_s3"] = boto3.client("s3", region_name="us-east-1")
        self.meanwhile = meanwhile
        self.writes = 0

    def write(self, leaderboard: dict[str, Any], page: str, *, if_match: ETags) -> None:
        self.writes += 1
        self.meanwhile()
        super().write(leaderboard, page, if_match=if_match)

    def page(self) -> str:
        page: bytes = self._s3.get_object(Bucket="site", Key=PAGE_KEY)["Body"].read()
        return page.decode()


def publish_at(leaderboard: DynamoLeaderboard, site: LeaderboardObject) -> None:
    moments = count()
    publish_leaderboard(leaderboard, site, lambda: datetime(2026, 1, 2, second=next(moments) % 60, tzinfo=UTC))


@pytest.fixture
def bucket(leaderboard: DynamoLeaderboard) -> None:
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="site")
    post_events.apply_record(leaderboard, post_record(1, "Title"))


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize("first", [True, False], ids=["nothing was published", "an older one was published"])
def test_a_function_that_is_overtaken_publishes_the_newest_leaderboard(
    leaderboard: DynamoLeaderboard, first: bool
) -> None:
    other = Site(meanwhile=lambda: None)
    if not first:
        publish_at(leaderboard, other)

    def overtake() -> None:
        if slow.writes == 1:
            deliver(leaderboard, [vote_record(1, "ada", 1)])
            publish_leaderboard(leaderboard, other, now)

    slow = Site(meanwhile=overtake)
    publish_at(leaderboard, slow)
    assert [item["score"] for item in slow.read()["items"]] == [1]
    assert slow.read()["as_of"] in slow.page()
    assert slow.writes == 2


@pytest.mark.usefixtures("bucket")
def test_a_leaderboard_that_keeps_changing_is_published(leaderboard: DynamoLeaderboard) -> None:
    places = count(1)
    site = Site(meanwhile=lambda: deliver(leaderboard, [vote_record(next(places), f"voter{next(places)}", 1)]))
    publish_at(leaderboard, site)
    publish_at(leaderboard, site)
    assert [item["score"] for item in site.read()["items"]] == [1]
    assert site.writes == 2


@pytest.mark.usefixtures("bucket")
def test_a_function_that_is_overtaken_each_time_raises_conflict(leaderboard: DynamoLeaderboard) -> None:
    other = Site(meanwhile=lambda: None)
    with pytest.raises(Conflict):
        publish_at(leaderboard, Site(meanwhile=lambda: publish_leaderboard(leaderboard, other, now)))


def test_a_record_that_fails_is_parked_after_three_attempts_and_the_others_are_handled() -> None:
    poison = {"eventName": "INSERT", "dynamodb": {"Keys": {}, "NewImage": {"value": {"N": "many"}}}}
    tries, parked = [], []

    def handle(record: Record) -> int:
        tries.append(record)
        parsed = projection.parse_vote(record)
        assert parsed is not None
        return parsed.vote.value

    rest = [vote_record(1, "ada", 1), vote_record(2, "bob", -1)]
    values = handle_records(
        [rest[0], poison, rest[1]], handle, key=item_key, park=lambda record, reason: parked.append((record, reason))
    )
    assert values == [1, -1]
    assert tries.count(poison) == MAX_ATTEMPTS == 3
    assert [(record, "KeyError" in reason or "ValueError" in reason) for record, reason in parked] == [(poison, True)]


def test_records_of_one_item_stay_in_order_while_one_is_retried() -> None:
    handled: list[str] = []
    failures = iter([True, True])

    def handle(record: Record) -> None:
        place = record["dynamodb"]["SequenceNumber"]
        if place == "1" and next(failures, False):
            raise TimeoutError
        handled.append(place)

    records = [vote_record(1, "ada", 1), vote_record(2, "ada", -1), vote_record(3, "bob", 1)]
    handle_records(records, handle, key=item_key, park=lambda record, reason: None)
    assert handled.index("1") < handled.index("2")


def test_other_items_of_the_table_are_not_counted_as_votes(leaderboard: DynamoLeaderboard) -> None:
    deliver(leaderboard, [vote_record(1, "ada", 1)])
    counted = vote_record(2, "ada", 1)
    counted["dynamodb"]["Keys"]["sk"]["S"] = "counted#ada"
    deliver(leaderboard, [counted])
    assert leaderboard.get_score(POST).score == 1


@pytest.mark.parametrize(
    "broken", [None, [], {}, {"dynamodb": None}, {"dynamodb": {}}, {"dynamodb": {"Keys": {1}}}], ids=repr
)
def test_a_record_without_a_key_is_parked_and_the_others_are_handled(broken: Any) -> None:
    parked: list[Any] = []
    good = vote_record(1, "ada", 1)
    votes = handle_records(
        [broken, good], projection.parse_vote, key=item_key, park=lambda record, reason: parked.append(record)
    )
    assert [each and each.record for each in votes] == [good]
    assert parked == [broken]


def test_no_record_is_parked_while_the_store_is_unavailable() -> None:
    def handle(record: Record) -> None:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:9")

    def park(record: Record, reason: str) -> None:
        raise AssertionError("parked")

    with pytest.raises(EndpointConnectionError):
        handle_records([vote_record(1, "ada", 1)], handle, key=item_key, park=park)
