"""Counting from spans: shares of batches, removals, the authorizer, round trips; units and their gaps.

The kept spans are those of a vote on the local AWS.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from loadtests.explain.hooks import capacity
from loadtests.explain.hooks.carriers import Traceparent
from loadtests.explain.traces import Root, Span, TimedCall, read_spans
from loadtests.forecast import units
from loadtests.forecast.parameters import load
from loadtests.metering import counts, meter
from loadtests.metering.counts import Metering, Operation, StoreCalls, Work

SPANS = Path(__file__).parent / "spans_of_a_vote.jsonl"
METERING = Path(__file__).parents[1] / "forecast" / "metering.json"
VOTE = "PUT /posts/{post_id}/vote"
CALL = "02b3428b5d35d254"  # the span that sent the vote
ASYNCHRONOUS = {
    ("votes-projection", "stream"), ("live-broadcast", "topic"), ("posts-scores", "queue"),
    ("posts-event-relay", "stream"), ("search-projection", "stream"),
}  # fmt: skip


@pytest.fixture(scope="module")
def spans() -> list[Root]:
    return read_spans(SPANS)


def call(span: str, operation: str = VOTE, *, at: int = 0) -> TimedCall:
    return TimedCall(
        operation=operation, sender=Traceparent("0", span), start_ns=at, ms=1, bytes_in=0, bytes_out=0,
        request_bytes=400, response_bytes=200,
    )  # fmt: skip


def counted(calls: Sequence[TimedCall], roots: Sequence[Root], *, side: str = "microservices") -> dict[str, Operation]:
    return meter.operations(calls, roots, side=side)


def work_of(operation: Operation) -> dict[tuple[str, str], Work]:
    return {(work.name, work.trigger): work for work in operation.work}


def span(id: str, parent: str | None, kind: str, name: str = "", **counts: float) -> Span:
    return Span(
        id=id,
        parent=parent,
        links=[],
        kind=kind,
        name=name,
        start_ns=0,
        ms=1,
        lines=[],
        counts=counts,
        service="monolith",
    )


def test_everything_that_a_vote_causes_is_counted_once(spans: list[Root]) -> None:
    works = work_of(counted([call(CALL)], spans)[VOTE])
    assert works.keys() == {("platform-authorizer", "authorizer"), ("votes-http", "gateway"), *ASYNCHRONOUS}
    assert {key: work.runs for key, work in works.items()} == pytest.approx(dict.fromkeys(works, 1))
    assert {key for key, work in works.items() if not work.waited} == ASYNCHRONOUS
    projection = {each.name: each for each in works["votes-projection", "stream"].stores}
    assert (projection["dynamodb GetItem"].read_units, projection["dynamodb TransactWriteItems"].write_units) == (1, 8)
    assert (projection["sns Publish"].calls, projection["s3 PutObject"].calls) == (1, 2)


def test_a_run_for_two_calls_counts_half_for_each(spans: list[Root]) -> None:
    """A batch of two votes is one run of the projection, and one of everything that it causes."""
    batch = [[replace(root[0], links=["other"]), *root[1:]] if root[0].name == "stream" else root for root in spans]
    works = work_of(counted([call(CALL), call("other", "another vote")], batch)[VOTE])
    assert works["votes-http", "gateway"].runs == 1
    assert works["votes-projection", "stream"].runs == 0.5
    assert works["live-broadcast", "topic"].runs == 0.5
    together = counted([call(CALL), call("other")], batch)[VOTE]
    assert work_of(together)["live-broadcast", "topic"].runs == 0.5  # one run for two calls


def test_a_run_of_a_removed_item_belongs_to_the_removal_before_it(spans: list[Root]) -> None:
    (projection,) = (root for root in spans if (root[0].service, root[0].kind) == ("votes-projection", "function"))
    orphan = [[replace(projection[0], parent=None, start_ns=50), *projection[1:]]]
    calls = [call("a", "DELETE early", at=10), call("b", "DELETE before", at=40), call("c", "GET between", at=45)]
    operations = counted([*calls, call("d", "DELETE after", at=60)], orphan)
    assert {name for name, operation in operations.items() if operation.work} == {"DELETE before"}


def test_each_operation_with_a_token_has_one_run_of_the_authorizer_without_the_secret(spans: list[Root]) -> None:
    """Only the first run of a process reads the secret; the gateway caches answers, which the models apply."""
    calls = [call(CALL), call("a", "GET /orders"), call("b", "GET /posts")]
    operations = counted(calls, spans)
    (authorizer,) = operations["GET /orders"].work
    assert (authorizer.name, authorizer.runs, authorizer.stores) == ("platform-authorizer", 1, ())
    assert not operations["GET /posts"].work


def test_the_gateway_reads_a_file_of_the_bucket_itself() -> None:
    (page,) = counted([call("a", "GET /leaderboard.html")], []).values()
    assert [each.name for each in page.stores] == ["s3 GetObject"]
    assert page.log_bytes > 100


def test_a_round_trip_of_the_monolith_is_what_the_driver_sends() -> None:
    """BEGIN goes with the first statement. After a commit, the pool's rollback sends nothing."""
    root = [
        span("r", "call", "request", cpu_ms=1, log_bytes=60),
        span("t", "r", "transaction", "BEGIN", round_trips=False),
        span("a", "r", "statement", "SELECT posts", begins=True, bytes_out=100, bytes_in=20),
        span("b", "r", "statement", "UPDATE posts", begins=False, bytes_out=50),
        span("c", "r", "transaction", "COMMIT", round_trips=True),
        span("d", "r", "transaction", "ROLLBACK", round_trips=False),
    ]
    (work,) = counted([call("call")], [root], side="monolith")[VOTE].work
    assert [each.name for each in work.stores] == ["BEGIN", "SELECT posts", "UPDATE posts", "COMMIT"]
    assert work.stores[1] == StoreCalls(name="SELECT posts", calls=1, request_bytes=100, response_bytes=20)


def test_functions_have_the_memory_of_their_template_and_the_calls_of_a_new_process(spans: list[Root]) -> None:
    known = meter.functions(spans, dict.fromkeys(_functions(), 1))
    assert (known["votes-projection"].feature, known["votes-projection"].memory_mb) == ("votes", 512)
    assert known["users-http"].memory_mb == 1024
    assert known["votes-projection"].init_cpu_ms > 0
    assert [each.name for each in known["platform-authorizer"].init_stores] == ["secretsmanager GetSecretValue"]


def test_resources_are_those_of_the_templates() -> None:
    declared = meter.resources()
    assert (declared["functions"], declared["tables"], declared["secrets"], declared["kinesis_shards"]) == (24, 8, 1, 1)
    # votes, scores, boosts, credits and the saga have a queue; posts' stream has two consumers, votes' and orders' one each
    assert (declared["polled_queues"], declared["stream_consumers"]) == (5, 4)


@pytest.mark.parametrize(
    ("action", "parameters", "answer", "wanted"),
    [
        ("GetItem", {}, {"Item": {"pk": {"S": "x" * 4094}}}, {"read_units": 0.5}),
        ("GetItem", {"ConsistentRead": True}, {"Item": {"pk": {"S": "x" * 4095}}}, {"read_units": 2}),
        ("GetItem", {"ConsistentRead": True}, {}, {"read_units": 1}),
        ("Query", {"ConsistentRead": True}, {"Items": [{"pk": {"S": "x" * 2000}}] * 3}, {"read_units": 2}),
        ("Query", {}, {"Items": []}, {"read_units": 0.5}),
        ("BatchGetItem", {"RequestItems": {"t": {"Keys": [1, 2, 3], "ConsistentRead": True}}},
         {"Responses": {"t": [{"pk": {"S": "x"}}, {"pk": {"S": "x" * 5000}}]}}, {"read_units": 4}),
        ("PutItem", {"Item": {"pk": {"S": "x" * 1030}}}, {}, {"write_units": 2}),
        ("PutItem", {"Item": {"pk": {"S": "x"}}}, {"Error": {"Code": "ConditionalCheckFailedException"}}, {"write_units": 1}),
        ("TransactWriteItems", {"TransactItems": [{"Put": {"Item": {"pk": {"S": "x"}}}}, {"Delete": {}}]},
         {"Error": {"Code": "TransactionCanceledException"}}, {"write_units": 4}),
        ("DescribeTable", {}, {}, {}),
    ],
)  # fmt: skip
def test_units_follow_the_rules_of_aws(action: str, parameters: dict, answer: dict, wanted: dict) -> None:  # type: ignore[type-arg]
    assert capacity.units(action, parameters, answer, 2.0) == wanted


def test_an_items_size_is_that_of_names_and_values_without_the_traceparent() -> None:
    item = {
        "pk": {"S": "é"}, "n": {"N": "-1234"}, "l": {"L": [{"S": "ab"}, {"BOOL": True}]}, "m": {"M": {"k": {"N": "7"}}},
        "set": {"SS": ["a", "bc"]}, "traceparent": {"S": "00-"},
    }  # fmt: skip
    assert capacity.item_bytes(item) == (2 + 2) + (1 + 4) + (1 + 3 + 1 + 2 + 1 + 1) + (1 + 3 + 1 + 1 + 2) + (3 + 3)


def test_messages_are_as_long_as_what_they_carry() -> None:
    traced = {"Message": "abc", "MessageAttributes": {"traceparent": {"DataType": "String", "StringValue": "00-"}}}
    assert capacity.message_bytes("sns", traced) == 3
    assert capacity.message_bytes("apigatewaymanagementapi", {"Data": b"abcd"}) == 4
    assert capacity.message_bytes("dynamodb", {}) is None
    assert capacity.put_units([{"Data": b"x" * 30_000, "PartitionKey": "k"}, {"Data": "x", "PartitionKey": "k"}]) == 3


def test_an_unknown_call_and_a_missing_price_are_gaps() -> None:
    parameters = load()
    assert units.gaps(["codecommit ListBranches", "lambda.requests", "database.statements"], parameters) == [
        "codecommit ListBranches"
    ]
    figures = {name: figure for name, figure in parameters.figures.items() if name != "sqs.requests"}
    assert units.gaps(["sqs.requests"], replace(parameters, figures=figures)) == ["sqs.requests"]


def test_the_authorizer_is_billed_for_the_share_that_is_not_cached() -> None:
    metering = msgspec.convert(msgspec.json.decode(METERING.read_bytes())["metering"], Metering)
    runs = {
        share: units.units_of(
            "microservices", VOTE, metering=metering, parameters=load().with_value("authorizer.cached_share", share)
        )["lambda.requests"]
        for share in (0.0, 1.0)
    }
    assert runs[0.0] - runs[1.0] == pytest.approx(1)


def test_every_kind_of_call_in_the_kept_metering_has_a_unit_and_a_price() -> None:
    metering = msgspec.convert(msgspec.json.decode(METERING.read_bytes())["metering"], Metering)
    for side, operations in metering.operations.items():
        for operation in operations:
            caused = units.units_of(side, operation, metering=metering, parameters=load())
            assert not units.gaps(caused, load()), operation
    standing = units.standing_units(metering, load())
    assert all(standing.values())
    assert not units.gaps(standing, load())


def test_triggers_are_constants_of_the_counts(spans: list[Root]) -> None:
    assert {meter.trigger_of(root[0]) for root in spans if root[0].kind == "function"} == {
        counts.AUTHORIZER, counts.GATEWAY, counts.STREAM, counts.TOPIC, counts.QUEUE,
    }  # fmt: skip


def _functions() -> list[str]:
    return [name for service in meter.templates.services() for name in meter.templates.functions(service)]
