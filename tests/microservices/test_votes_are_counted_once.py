"""Delivery is at least once and a function may end anywhere: the score is the votes all the same."""

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
EXAMPLES = 60
CALLS = 8  # that hearing of a post and counting three votes of it take, one of them given twice

Votes = list[tuple[str, int]]


def vote_record(place: int, voter: str, value: int) -> Record:
    """What the votes table's stream says of a vote, or of one that was retracted (0)."""
    keys = {"pk": {"S": f"post#{POST}"}, "sk": {"S": f"vote#{voter}"}}
    images: dict[str, Any] = {"NewImage": {**keys, "value": {"N": str(value)}}} if value else {"OldImage": keys}
    name = "MODIFY" if value else "REMOVE"
    return {"eventName": name, "dynamodb": {"Keys": keys, "SequenceNumber": str(place), **images}}


def post_record(place: int, title: str | None) -> Record:
    """What the posts table's stream says of a post under a title, or of its withdrawal (None)."""
    keys = {"pk": {"S": f"post#{POST}"}, "sk": {"S": "post"}}
    if title is None:
        return {"eventName": "REMOVE", "dynamodb": {"Keys": keys, "SequenceNumber": str(place)}}
    image = {**keys, "title": {"S": title}, "author": {"S": "ada"}}
    return {"eventName": "INSERT", "dynamodb": {"Keys": keys, "SequenceNumber": str(place), "NewImage": image}}


@pytest.fixture
def board() -> Iterator[DynamoLeaderboard]:
    with aws_in_process():
        yield new_board(boto3.client("dynamodb", region_name="us-east-1"), "votes")


def new_board(dynamodb: Any, table: str) -> DynamoLeaderboard:
    make_table(dynamodb, table)
    return DynamoLeaderboard(dynamodb, table, now)


def score_of(votes: Votes) -> int:
    return sum(dict(votes).values())


def deliver(board: DynamoLeaderboard, records: list[Record]) -> None:
    told = [each for each in map(projection.parse_vote, records) if each]
    for votes in projection.group_by_post(told):
        projection.count_votes(board, votes)


def fail_on_call(board: DynamoLeaderboard, number: int, error: Exception) -> Callable[[], None]:
    """Let the n-th call from here on fail before it reaches the store; return what ends that."""
    calls = count(1)

    def fail(**_: object) -> None:
        if next(calls) == number:
            raise error

    events = board._dynamodb.meta.events
    events.register("before-call.dynamodb", fail)
    return lambda: events.unregister("before-call.dynamodb", fail)


@pytest.mark.slow
def test_batches_that_come_twice_and_out_of_order_count_no_vote_twice_and_lose_none() -> None:
    tables = (f"votes{number}" for number in count())

    @given(
        votes=some.lists(some.tuples(some.sampled_from(VOTERS), some.sampled_from([1, -1, 0])), max_size=12),
        chaos=some.data(),
    )
    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
    def hold(votes: Votes, chaos: some.DataObject) -> None:
        records = [vote_record(place, *vote) for place, vote in enumerate(votes, start=7)]
        again = chaos.draw(some.lists(some.sampled_from(records), max_size=8)) if records else []
        shuffled = chaos.draw(some.permutations([*records, *again]))
        size = chaos.draw(some.integers(1, 6))
        batches = [shuffled[start : start + size] for start in range(0, len(shuffled), size)]
        heard_after = chaos.draw(some.integers(0, len(batches)))
        board = new_board(dynamodb, next(tables))
        for place, batch in enumerate([*batches, []]):
            if place == heard_after:
                post_events.apply_record(board, post_record(1, "Title"))
            deliver(board, batch)
        assert board.get_score(POST).score == score_of(votes)
        assert board.list_entries(5) == [ScoreEntry(post_id=POST, title="Title", author="ada", score=score_of(votes))]

    with aws_in_process():
        dynamodb = boto3.client("dynamodb", region_name="us-east-1")
        hold()


@pytest.mark.parametrize("call", range(1, CALLS + 2))
def test_a_function_that_ends_at_any_call_loses_nothing_and_counts_nothing_twice(
    board: DynamoLeaderboard, call: int
) -> None:
    records = [vote_record(place, voter, 1) for place, voter in enumerate(VOTERS, start=1)]
    mend = fail_on_call(board, call, KeyboardInterrupt("the function ends here"))  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt) if call <= CALLS else nullcontext():
        post_events.apply_record(board, post_record(1, "Title"))
        deliver(board, records[:2])
        deliver(board, records)
    mend()
    post_events.apply_record(board, post_record(1, "Title"))
    deliver(board, records)
    assert [standing.score for standing in board.list_entries(5)] == [3]


def test_a_lost_race_is_run_again(board: DynamoLeaderboard) -> None:
    conflict = ClientError(
        {
            "Error": {"Code": "TransactionCanceledException", "Message": ""},
            "CancellationReasons": [{"Code": "TransactionConflict"}],
        },  # type: ignore[typeddict-unknown-key]
        "TransactWriteItems",
    )
    mend = fail_on_call(board, 3, conflict)  # read the standing, read what is counted, write
    deliver(board, [vote_record(1, "ada", 1)])
    mend()
    assert board.get_score(POST).score == 1


def test_more_votes_than_a_transaction_holds_are_counted(board: DynamoLeaderboard) -> None:
    deliver(board, [vote_record(place, f"voter{place}", 1) for place in range(1, 201)])
    assert board.get_score(POST).score == 200


def test_a_standing_that_was_lost_and_is_made_again_is_newer_than_all_that_was_told_of_it(
    board: DynamoLeaderboard,
) -> None:
    def counted(place: int) -> int:
        (told,) = filter(None, [projection.parse_vote(vote_record(place, "ada", 1 if place % 2 else -1))])
        return projection.count_votes(board, [told]).version

    versions = [counted(place) for place in range(1, 6)]
    assert versions == list(range(versions[0], versions[0] + 5))
    dynamodb = boto3.client("dynamodb", region_name="us-east-1")
    for item in dynamodb.scan(TableName="votes")["Items"]:
        dynamodb.delete_item(TableName="votes", Key={"pk": item["pk"], "sk": item["sk"]})
    post_events.apply_record(board, post_record(1, "Title"))
    assert counted(7) > versions[-1]


def test_a_post_that_is_gone_stays_gone(board: DynamoLeaderboard) -> None:
    told = post_record(2, None)
    del told["dynamodb"]["SequenceNumber"]  # posts tells a withdrawal itself, ahead of the stream
    post_events.apply_record(board, told)
    post_events.apply_record(board, post_record(1, "Title"))
    deliver(board, [vote_record(1, "ada", 1)])
    assert board.list_entries(5) == []
    assert board.get_score(POST).state == "withdrawn"


def test_an_older_title_does_not_replace_a_newer_one(board: DynamoLeaderboard) -> None:
    for place, title in [(1, "First"), (3, "Third"), (2, "Second")]:
        post_events.apply_record(board, post_record(place, title))
    assert [standing.title for standing in board.list_entries(5)] == ["Third"]


class Site(LeaderboardObject):
    """Where something happens each time that a board is on its way."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        super().__init__("site")
        self.__dict__["_s3"] = boto3.client("s3", region_name="us-east-1")
        self.meanwhile = meanwhile
        self.writes = 0

    def write(self, shown: dict[str, Any], page: str, *, if_match: ETags) -> None:
        self.writes += 1
        self.meanwhile()
        super().write(shown, page, if_match=if_match)

    def page(self) -> str:
        page: bytes = self._s3.get_object(Bucket="site", Key=PAGE_KEY)["Body"].read()
        return page.decode()


def publish_at(board: DynamoLeaderboard, site: LeaderboardObject) -> None:
    moments = count()
    publish_leaderboard(board, site, lambda: datetime(2026, 1, 2, second=next(moments) % 60, tzinfo=UTC))


@pytest.fixture
def bucket(board: DynamoLeaderboard) -> None:
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="site")
    post_events.apply_record(board, post_record(1, "Title"))


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize("first", [True, False], ids=["nothing was published", "a board was published"])
def test_what_was_published_is_what_the_board_holds_though_another_function_published_between(
    board: DynamoLeaderboard, first: bool
) -> None:
    other = Site(meanwhile=lambda: None)
    if not first:
        publish_at(board, other)

    def overtake() -> None:
        if slow.writes == 1:
            deliver(board, [vote_record(1, "ada", 1)])
            publish_leaderboard(board, other, now)

    slow = Site(meanwhile=overtake)
    publish_at(board, slow)
    assert [item["score"] for item in slow.read()["items"]] == [1]
    assert slow.read()["as_of"] in slow.page()
    assert slow.writes == 2


@pytest.mark.usefixtures("bucket")
def test_a_board_that_changes_all_the_time_is_published_all_the_same(board: DynamoLeaderboard) -> None:
    places = count(1)
    site = Site(meanwhile=lambda: deliver(board, [vote_record(next(places), f"voter{next(places)}", 1)]))
    publish_at(board, site)
    publish_at(board, site)
    assert [item["score"] for item in site.read()["items"]] == [1]
    assert site.writes == 2


@pytest.mark.usefixtures("bucket")
def test_who_is_overtaken_each_time_lets_the_batch_come_again(board: DynamoLeaderboard) -> None:
    other = Site(meanwhile=lambda: None)
    with pytest.raises(Conflict):
        publish_at(board, Site(meanwhile=lambda: publish_leaderboard(board, other, now)))


def test_a_record_that_cannot_be_handled_is_parked_after_three_tries_and_the_rest_goes_on() -> None:
    poison = {"eventName": "INSERT", "dynamodb": {"Keys": {}, "NewImage": {"value": {"N": "many"}}}}
    tries, parked = [], []

    def handle(record: Record) -> int:
        tries.append(record)
        told = projection.parse_vote(record)
        assert told is not None
        return told.vote.value

    rest = [vote_record(1, "ada", 1), vote_record(2, "bob", -1)]
    values = handle_records(
        [rest[0], poison, rest[1]], handle, key=item_key, park=lambda record, reason: parked.append((record, reason))
    )
    assert values == [1, -1]
    assert tries.count(poison) == MAX_ATTEMPTS == 3
    assert [(record, "KeyError" in reason or "ValueError" in reason) for record, reason in parked] == [(poison, True)]


def test_records_of_one_item_keep_their_order_while_one_is_tried_again() -> None:
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


def test_what_the_board_keeps_in_the_same_table_is_no_vote(board: DynamoLeaderboard) -> None:
    deliver(board, [vote_record(1, "ada", 1)])
    kept = vote_record(2, "ada", 1)
    kept["dynamodb"]["Keys"]["sk"]["S"] = "counted#ada"
    deliver(board, [kept])
    assert board.get_score(POST).score == 1


@pytest.mark.parametrize(
    "broken", [None, [], {}, {"dynamodb": None}, {"dynamodb": {}}, {"dynamodb": {"Keys": {1}}}], ids=repr
)
def test_a_record_that_has_no_key_is_parked_and_the_rest_of_its_batch_is_done(broken: Any) -> None:
    parked: list[Any] = []
    good = vote_record(1, "ada", 1)
    told = handle_records(
        [broken, good], projection.parse_vote, key=item_key, park=lambda record, reason: parked.append(record)
    )
    assert [each and each.record for each in told] == [good]
    assert parked == [broken]


def test_no_record_is_blamed_for_a_store_that_is_away() -> None:
    def handle(record: Record) -> None:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:9")

    def park(record: Record, reason: str) -> None:
        raise AssertionError("parked")

    with pytest.raises(EndpointConnectionError):
        handle_records([vote_record(1, "ada", 1)], handle, key=item_key, park=park)
