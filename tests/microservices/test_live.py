"""The live service without a gateway: what its table stores, and what clients receive when functions run concurrently."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError, ReadTimeoutError
from moto.core.botocore_stubber import MockRawResponse

from microservices.live.broadcast import Broadcast
from microservices.live.clients import MAX_FAILURES, Clients, Delivery
from microservices.live.connections import handle_event
from microservices.live.store import DynamoSubscriptions, Score
from shared_domain.errors import NotAllowed
from shared_domain.live import MAX_TOPICS
from tests.contract.aws_calls import answered_by
from tests.contract.client import Api, unique
from tests.contract.feed import Feed, post_published
from tests.dynamodb_table import make_table
from tests.moto_aws import aws_in_process

from .deployed_stage import DeployedStage, Item

POST = "01M7X1YXN3SBB3DZEFS5FNXBMV"
TOPIC = f"post:{POST}"
CLOSED_CONNECTION = "nobodysconnection="


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with aws_in_process():
        client = boto3.client("dynamodb", region_name="us-east-1")
        make_table(client, "live")
        yield client


@pytest.fixture
def subscriptions(dynamodb: Any) -> DynamoSubscriptions:
    return DynamoSubscriptions(dynamodb, "live", lambda: datetime(2026, 1, 2, tzinfo=UTC))


class RecordingClients(Clients):
    """Clients that record what they receive. A function in `meanwhile` is called before the next send."""

    def __init__(self, *, closed: Sequence[str] = ()) -> None:
        super().__init__("http://127.0.0.1:9")
        self.received: list[tuple[str, str]] = []
        self.meanwhile: list[Any] = []
        self._closed = closed

    def send(self, connections: Sequence[str], text: str) -> Delivery:
        if self.meanwhile:
            self.meanwhile.pop()()
        reached = [each for each in connections if each not in self._closed]
        self.received += [(each, text) for each in reached]
        return Delivery(reached, [each for each in connections if each in self._closed])


@contextmanager
def gateway(failures: dict[str, tuple[int, str] | None]) -> Iterator[list[tuple[str, str]]]:
    """Answer as the gateway, with these statuses and error codes by connection, None for a timeout. Yield method and connection."""
    calls: list[tuple[str, str]] = []

    def answer(request: Any) -> AWSResponse | None:
        if "/@connections/" not in request.url:
            return None
        connection = unquote(request.url.rpartition("/")[2])
        calls.append((request.method, connection))
        failure = failures.get(connection, (200, "")) if request.method == "POST" else (204, "")
        if failure is None:
            raise ReadTimeoutError(endpoint_url=request.url)
        return AWSResponse(request.url, failure[0], {"x-amzn-ErrorType": failure[1]}, MockRawResponse("{}"))

    with answered_by(answer):
        yield calls


def conflict_once(dynamodb: Any, operation: str, code: str, **details: Any) -> None:
    """Fail the next call of the operation with a conflict. The local AWS never reports one."""
    errors = [ClientError({"Error": {"Code": code}, **details}, operation)]

    def fail(**_: object) -> None:
        if errors:
            raise errors.pop()

    dynamodb.meta.events.register(f"before-call.dynamodb.{operation}", fail)


def score_changed(score: int, version: int) -> str:
    return json.dumps({"type": "score.changed", "post_id": POST, "score": score, "version": version})


def gateway_event(kind: str, body: str | None = None, *, connection: str = "one") -> dict[str, Any]:
    """Return the gateway's event of a connection."""
    return {"requestContext": {"connectionId": connection, "eventType": kind, "routeKey": "$default"}, "body": body}


def subscribe(topic: str) -> str:
    return json.dumps({"action": "subscribe", "topic": topic})


def test_a_disconnect_deletes_everything_of_the_connection(subscriptions: DynamoSubscriptions, dynamodb: Any) -> None:
    handle_event(subscriptions, gateway_event("CONNECT"))
    for topic in ("posts", TOPIC):
        assert (
            json.loads(handle_event(subscriptions, gateway_event("MESSAGE", subscribe(topic)))["body"])["type"]
            == "subscribed"
        )
    assert subscriptions.list_subscribers("posts") == subscriptions.list_subscribers(TOPIC) == ["one"]
    for _ in range(2):  # the gateway may report it twice
        handle_event(subscriptions, gateway_event("DISCONNECT"))
    assert dynamodb.scan(TableName="live")["Items"] == []


def test_a_subscription_after_the_disconnect_stores_nothing(subscriptions: DynamoSubscriptions, dynamodb: Any) -> None:
    handle_event(subscriptions, gateway_event("CONNECT"))
    handle_event(subscriptions, gateway_event("DISCONNECT"))
    handle_event(subscriptions, gateway_event("MESSAGE", subscribe("posts")))
    assert dynamodb.scan(TableName="live")["Items"] == []


def test_a_client_cannot_disconnect_by_naming_the_route(subscriptions: DynamoSubscriptions) -> None:
    handle_event(subscriptions, gateway_event("CONNECT"))
    handle_event(subscriptions, gateway_event("MESSAGE", subscribe("posts")))
    event = gateway_event("MESSAGE", '{"action": "$disconnect"}')
    event["requestContext"]["routeKey"] = "$disconnect"
    assert json.loads(handle_event(subscriptions, event)["body"])["type"] == "error"
    assert subscriptions.list_subscribers("posts") == ["one"]


def test_a_connection_has_a_maximum_of_topics(subscriptions: DynamoSubscriptions) -> None:
    subscriptions.connect("one")
    for n in range(MAX_TOPICS):
        subscriptions.subscribe("one", f"topic {n}")
    subscriptions.subscribe("one", "topic 0")
    with pytest.raises(NotAllowed):
        subscriptions.subscribe("one", "one more")
    assert subscriptions.list_subscribers("one more") == []


def test_two_concurrent_subscriptions_of_one_client_both_succeed(
    subscriptions: DynamoSubscriptions, dynamodb: Any
) -> None:
    handle_event(subscriptions, gateway_event("CONNECT"))
    reasons = [{"Code": "TransactionConflict"}, {"Code": "None"}]
    conflict_once(dynamodb, "TransactWriteItems", "TransactionCanceledException", CancellationReasons=reasons)
    assert (
        json.loads(handle_event(subscriptions, gateway_event("MESSAGE", subscribe("posts")))["body"])["type"]
        == "subscribed"
    )
    assert subscriptions.list_subscribers("posts") == ["one"]


def test_a_disconnect_during_a_subscription_deletes_everything(
    subscriptions: DynamoSubscriptions, dynamodb: Any
) -> None:
    handle_event(subscriptions, gateway_event("CONNECT"))
    handle_event(subscriptions, gateway_event("MESSAGE", subscribe("posts")))
    conflict_once(dynamodb, "DeleteItem", "TransactionConflictException")
    handle_event(subscriptions, gateway_event("DISCONNECT"))
    assert dynamodb.scan(TableName="live")["Items"] == []


def test_every_item_expires(subscriptions: DynamoSubscriptions, dynamodb: Any) -> None:
    subscriptions.connect("one")
    subscriptions.subscribe("one", "posts")
    subscriptions.save_if_newest(TOPIC, Score(1, 1))
    assert all("expires_at" in item for item in dynamodb.scan(TableName="live")["Items"])


def test_closed_connections_are_unsubscribed_and_the_others_receive(subscriptions: DynamoSubscriptions) -> None:
    for connection in ("one", "two", "three"):
        subscriptions.connect(connection)
        subscriptions.subscribe(connection, TOPIC)
    clients = RecordingClients(closed=["two"])
    assert Broadcast(subscriptions, clients).handle_event(score_changed(5, 1)) == 2
    assert sorted(connection for connection, _ in clients.received) == ["one", "three"]
    assert sorted(subscriptions.list_subscribers(TOPIC)) == ["one", "three"]


def test_an_older_score_is_not_sent_after_a_newer_one(subscriptions: DynamoSubscriptions) -> None:
    subscriptions.connect("one")
    subscriptions.subscribe("one", TOPIC)
    clients = RecordingClients()
    broadcast = Broadcast(subscriptions, clients)
    assert [broadcast.handle_event(score_changed(*each)) for each in [(5, 2), (4, 1), (5, 2)]] == [
        1,
        0,
        1,
    ]  # the last event is a repeated one
    assert [json.loads(text)["score"] for _, text in clients.received] == [5, 5]


def test_the_last_score_sent_is_the_newest_if_two_functions_send_concurrently(
    subscriptions: DynamoSubscriptions,
) -> None:
    subscriptions.connect("one")
    subscriptions.subscribe("one", TOPIC)
    clients = RecordingClients()
    broadcast = Broadcast(subscriptions, clients)
    clients.meanwhile = [
        lambda: broadcast.handle_event(score_changed(6, 2))
    ]  # the other function sends before this one does
    broadcast.handle_event(score_changed(5, 1))
    assert [json.loads(text)["score"] for _, text in clients.received] == [6, 5, 6]


def test_a_connection_that_fails_changes_nothing_for_the_others(subscriptions: DynamoSubscriptions) -> None:
    failures = {
        "full": (429, "LimitExceededException"),
        "forbidden": (403, "ForbiddenException"),
        "unavailable": (504, "EndpointTimeoutException"),
        "too large": (413, "PayloadTooLargeException"),
        "gone": (410, "GoneException"),
        "slow": None,
    }
    healthy = [f"healthy {n}" for n in range(40)]
    for connection in (*healthy, *failures):
        subscriptions.connect(connection)
        subscriptions.subscribe(connection, TOPIC)
    broadcast = Broadcast(subscriptions, Clients("http://127.0.0.1:9"))
    with gateway(failures) as calls:
        assert broadcast.handle_event(score_changed(5, 1)) == len(healthy)
    posted = Counter(connection for _, connection in calls)
    assert {posted[connection] for connection in healthy} == {1}
    assert all(posted[connection] for connection in failures)
    assert sorted(subscriptions.list_subscribers(TOPIC)) == sorted({*healthy, *failures} - {"gone"})


def test_a_connection_that_misses_many_messages_in_a_row_is_closed(subscriptions: DynamoSubscriptions) -> None:
    for connection in ("slow", "healthy"):
        subscriptions.connect(connection)
        subscriptions.subscribe(connection, TOPIC)
    broadcast = Broadcast(subscriptions, Clients("http://127.0.0.1:9"))
    versions = iter(range(1, 100))
    forbidden = (403, "ForbiddenException")
    for failures in [*[{"slow": forbidden}] * (MAX_FAILURES - 1), {}, *[{"slow": forbidden}] * (MAX_FAILURES - 1)]:
        with gateway(failures) as calls:
            broadcast.handle_event(score_changed(1, next(versions)))
        assert {method for method, _ in calls} == {"POST"}
    with gateway({"slow": forbidden}) as calls:
        broadcast.handle_event(score_changed(1, next(versions)))
    assert ("DELETE", "slow") in calls
    assert subscriptions.list_subscribers(TOPIC) == ["healthy"]


def test_sending_ends_before_the_functions_timeout_and_blames_no_connection(subscriptions: DynamoSubscriptions) -> None:
    clients = Clients("http://127.0.0.1:9", send_seconds=-1)
    with gateway({}) as calls:
        for _ in range(MAX_FAILURES + 1):
            assert clients.send(["one"], "text") == Delivery([], [])
    assert calls == []


def test_a_connection_that_misses_a_score_is_not_tried_again_for_the_event(
    subscriptions: DynamoSubscriptions, dynamodb: Any
) -> None:
    for connection in ("slow", "healthy"):
        subscriptions.connect(connection)
        subscriptions.subscribe(connection, TOPIC)
    newer = [Score(6, 2)]

    def store_a_newer_score(**_: object) -> None:
        if newer:
            subscriptions.save_if_newest(TOPIC, newer.pop())

    dynamodb.meta.events.register("before-call.dynamodb.GetItem", store_a_newer_score)
    with gateway({"slow": (403, "ForbiddenException")}) as calls:
        assert Broadcast(subscriptions, Clients("http://127.0.0.1:9")).handle_event(score_changed(5, 1)) == 1
    assert Counter(calls) == {("POST", "slow"): 1, ("POST", "healthy"): 2}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no JSON",
        "null",
        "[]",
        "{}",
        '{"type": 5}',
        '{"type": "post.published"}',
        '{"type": "post.published", "dynamodb": {"Keys": {}}}',
        '{"type": "post.published", "dynamodb": {"NewImage": {"id": {"N": "1"}}}}',
        '{"type": "score.changed"}',
        '{"type": "score.changed", "post_id": "no id", "score": 1, "version": 1}',
        '{"type": "\\ud800"}',
        "\ud800",
        "[" * 100_000,
    ],
    ids=lambda text: ascii(text[:30]),
)
def test_a_foreign_text_is_logged_and_ignored(
    subscriptions: DynamoSubscriptions, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    assert Broadcast(subscriptions, RecordingClients()).handle_event(text) == 0
    assert "a foreign event is ignored" in caplog.messages


def test_an_event_without_subscribers_is_not_sent_and_stores_nothing(
    subscriptions: DynamoSubscriptions, dynamodb: Any
) -> None:
    assert Broadcast(subscriptions, RecordingClients()).handle_event(score_changed(5, 1)) == 0
    assert dynamodb.scan(TableName="live")["Items"] == []


@pytest.mark.live
def test_a_connection_that_the_gateway_has_closed_is_unsubscribed(stage: DeployedStage, api: Api) -> None:
    feed, writer, title = Feed(api, stage.stack.live_url, patience=api.patience), api.join("ada"), unique("gone")
    stage.put("live", _subscription(CLOSED_CONNECTION))
    with feed.subscriber("posts") as subscriber:
        api.published(writer, title=title)
        subscriber.wait_for(post_published(title))
        api.eventually(lambda: _expect(CLOSED_CONNECTION not in _subscribers(stage)))
        assert len(_subscribers(stage)) >= 1
    api.eventually(lambda: _expect(_subscribers(stage) == set()))


def _expect(condition: bool) -> None:
    assert condition


def _subscription(connection: str) -> Item:
    return {"pk": {"S": "topic#posts"}, "sk": {"S": connection}, "expires_at": {"N": "2000000000"}}


def _subscribers(stage: DeployedStage) -> set[str]:
    query = {"KeyConditionExpression": "pk = :topic", "ExpressionAttributeValues": {":topic": {"S": "topic#posts"}}}
    response = stage.stack.emulator.client("dynamodb").query(TableName=stage.name("live"), **query)
    return {item["sk"]["S"] for item in response["Items"]}
