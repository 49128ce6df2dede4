"""The live service past its clients: what the table keeps of them, and who is told what when functions run side by side."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from microservices.live.broadcast import Broadcast
from microservices.live.clients import Clients
from microservices.live.connections import handle_event
from microservices.live.store import DynamoSubscriptions, Score
from shared_domain.errors import NotAllowed
from shared_domain.live import MAX_TOPICS
from tests.contract.client import Api, unique
from tests.contract.feed import Feed, post_published
from tests.dynamodb_table import make_table
from tests.moto_aws import aws_in_process

from .deployed_stage import DeployedStage, Item

POST = "01M7X1YXN3SBB3DZEFS5FNXBMV"
TOPIC = f"post:{POST}"
PLACEHOLDER = "nobodysconnection="


@pytest.fixture
def dynamodb() -> Iterator[Any]:
    with aws_in_process():
        client = boto3.client("dynamodb", region_name="us-east-1")
        make_table(client, "live")
        yield client


@pytest.fixture
def listeners(dynamodb: Any) -> DynamoSubscriptions:
    return DynamoSubscriptions(dynamodb, "live", lambda: datetime(2026, 1, 2, tzinfo=UTC))


class Told(Clients):
    """Clients that keep what they are told, and to whom meanwhile something else may happen."""

    def __init__(self, *, gone: Sequence[str] = ()) -> None:
        super().__init__("http://127.0.0.1:9")
        self.heard: list[tuple[str, str]] = []
        self.meanwhile: list[Any] = []
        self._gone = gone

    def send(self, connections: Sequence[str], text: str) -> list[str]:
        if self.meanwhile:
            self.meanwhile.pop()()
        self.heard += [(each, text) for each in connections if each not in self._gone]
        return [each for each in connections if each in self._gone]


def meeting(dynamodb: Any, operation: str, code: str, **said: Any) -> None:
    """Let the next call of the operation meet somebody else's transaction, as it never does on the local AWS."""
    others = [ClientError({"Error": {"Code": code}, **said}, operation)]

    def fail(**_: object) -> None:
        if others:
            raise others.pop()

    dynamodb.meta.events.register(f"before-call.dynamodb.{operation}", fail)


def tally(score: int, version: int) -> str:
    return json.dumps({"type": "score.changed", "post_id": POST, "score": score, "version": version})


def said(kind: str, body: str | None = None, *, connection: str = "one") -> dict[str, Any]:
    """Return what the gateway tells the function of a connection."""
    return {"requestContext": {"connectionId": connection, "eventType": kind, "routeKey": "$default"}, "body": body}


def wish(topic: str) -> str:
    return json.dumps({"action": "subscribe", "topic": topic})


def test_who_leaves_leaves_nothing_behind(listeners: DynamoSubscriptions, dynamodb: Any) -> None:
    handle_event(listeners, said("CONNECT"))
    for topic in ("posts", TOPIC):
        assert json.loads(handle_event(listeners, said("MESSAGE", wish(topic)))["body"])["type"] == "subscribed"
    assert listeners.list_subscribers("posts") == listeners.list_subscribers(TOPIC) == ["one"]
    for _ in range(2):  # the gateway may say it twice
        handle_event(listeners, said("DISCONNECT"))
    assert dynamodb.scan(TableName="live")["Items"] == []


def test_a_wish_that_comes_after_the_end_leaves_nothing_behind(listeners: DynamoSubscriptions, dynamodb: Any) -> None:
    handle_event(listeners, said("CONNECT"))
    handle_event(listeners, said("DISCONNECT"))
    handle_event(listeners, said("MESSAGE", wish("posts")))
    assert dynamodb.scan(TableName="live")["Items"] == []


def test_a_client_that_names_a_route_of_the_gateway_does_nothing_by_it(listeners: DynamoSubscriptions) -> None:
    handle_event(listeners, said("CONNECT"))
    handle_event(listeners, said("MESSAGE", wish("posts")))
    event = said("MESSAGE", '{"action": "$disconnect"}')
    event["requestContext"]["routeKey"] = "$disconnect"
    assert json.loads(handle_event(listeners, event)["body"])["type"] == "error"
    assert listeners.list_subscribers("posts") == ["one"]


def test_nobody_listens_to_everything(listeners: DynamoSubscriptions) -> None:
    listeners.connect("one")
    for n in range(MAX_TOPICS):
        listeners.subscribe("one", f"topic {n}")
    listeners.subscribe("one", "topic 0")
    with pytest.raises(NotAllowed):
        listeners.subscribe("one", "one more")
    assert listeners.list_subscribers("one more") == []


def test_a_wish_that_meets_another_of_its_client_is_granted(listeners: DynamoSubscriptions, dynamodb: Any) -> None:
    handle_event(listeners, said("CONNECT"))
    reasons = [{"Code": "TransactionConflict"}, {"Code": "None"}]
    meeting(dynamodb, "TransactWriteItems", "TransactionCanceledException", CancellationReasons=reasons)
    assert json.loads(handle_event(listeners, said("MESSAGE", wish("posts")))["body"])["type"] == "subscribed"
    assert listeners.list_subscribers("posts") == ["one"]


def test_an_end_that_meets_a_wish_leaves_nothing_behind(listeners: DynamoSubscriptions, dynamodb: Any) -> None:
    handle_event(listeners, said("CONNECT"))
    handle_event(listeners, said("MESSAGE", wish("posts")))
    meeting(dynamodb, "DeleteItem", "TransactionConflictException")
    handle_event(listeners, said("DISCONNECT"))
    assert dynamodb.scan(TableName="live")["Items"] == []


def test_everything_that_is_kept_is_kept_for_a_time(listeners: DynamoSubscriptions, dynamodb: Any) -> None:
    listeners.connect("one")
    listeners.subscribe("one", "posts")
    listeners.save_if_newest(TOPIC, Score(1, 1))
    assert all("expires_at" in item for item in dynamodb.scan(TableName="live")["Items"])


def test_who_is_gone_is_forgotten_and_the_others_hear(listeners: DynamoSubscriptions) -> None:
    for connection in ("one", "two", "three"):
        listeners.connect(connection)
        listeners.subscribe(connection, TOPIC)
    clients = Told(gone=["two"])
    assert Broadcast(listeners, clients).handle_event(tally(5, 1)) == 2
    assert sorted(connection for connection, _ in clients.heard) == ["one", "three"]
    assert sorted(listeners.list_subscribers(TOPIC)) == ["one", "three"]


def test_an_older_score_is_not_told_after_a_newer_one(listeners: DynamoSubscriptions) -> None:
    listeners.connect("one")
    listeners.subscribe("one", TOPIC)
    clients = Told()
    broadcast = Broadcast(listeners, clients)
    assert [broadcast.handle_event(tally(*each)) for each in [(5, 2), (4, 1), (5, 2)]] == [
        1,
        0,
        1,
    ]  # the last one comes again
    assert [json.loads(text)["score"] for _, text in clients.heard] == [5, 5]


def test_the_last_score_told_is_the_newest_though_two_functions_tell_at_once(listeners: DynamoSubscriptions) -> None:
    listeners.connect("one")
    listeners.subscribe("one", TOPIC)
    clients = Told()
    broadcast = Broadcast(listeners, clients)
    clients.meanwhile = [lambda: broadcast.handle_event(tally(6, 2))]  # the other one tells before this one does
    broadcast.handle_event(tally(5, 1))
    assert [json.loads(text)["score"] for _, text in clients.heard] == [6, 5, 6]


def test_news_that_nobody_listens_to_is_told_to_nobody_and_keeps_nothing(
    listeners: DynamoSubscriptions, dynamodb: Any
) -> None:
    assert Broadcast(listeners, Told()).handle_event(tally(5, 1)) == 0
    assert dynamodb.scan(TableName="live")["Items"] == []


@pytest.mark.live
def test_a_connection_that_the_gateway_knows_no_more_is_forgotten(stage: DeployedStage, api: Api) -> None:
    feed, writer, title = Feed(api, stage.stack.live_url, patience=api.patience), api.join("ada"), unique("gone")
    stage.put("live", _subscription(PLACEHOLDER))
    with feed.listener("posts") as listener:
        api.published(writer, title=title)
        listener.wait_for(post_published(title))
        api.eventually(lambda: _expect(PLACEHOLDER not in _listening(stage)))
        assert len(_listening(stage)) >= 1
    api.eventually(lambda: _expect(_listening(stage) == set()))


def _expect(it: bool) -> None:
    assert it


def _subscription(connection: str) -> Item:
    return {"pk": {"S": "topic#posts"}, "sk": {"S": connection}, "expires_at": {"N": "2000000000"}}


def _listening(stage: DeployedStage) -> set[str]:
    asked = {"KeyConditionExpression": "pk = :topic", "ExpressionAttributeValues": {":topic": {"S": "topic#posts"}}}
    found = stage.stack.emulator.client("dynamodb").query(TableName=stage.name("live"), **asked)
    return {item["sk"]["S"] for item in found["Items"]}
