"""Every function that an event wakes takes it in AWS's own form: what is good is done, what is not for it is passed over, and one
bad record is set aside with its reason, or comes again alone.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest
from botocore.awsrequest import AWSResponse
from moto.core.botocore_stubber import MockRawResponse

from microservices.deploy import templates
from tests.contract.aws_calls import answered_by
from tests.contract.gateway import gateway_over_moto

from .aws_cases import CASES
from .aws_events import Record, event, messages_of_topic
from .aws_world import STAGE, AwsWorld
from .test_aws_requests import ANSWERING

ONE_AT_A_TIME = {"live-broadcast"}  # a topic hands over no batches
BY_REQUEST = {"apigateway", "elasticloadbalancing"}


@pytest.fixture(scope="module")
def world() -> Iterator[AwsWorld]:
    with gateway_over_moto() as gateway:
        yield AwsWorld(gateway)


every_case = pytest.mark.parametrize("name", CASES)


@every_case
def test_one_bad_record_is_set_aside_with_its_reason_and_the_rest_is_done(world: AwsWorld, name: str) -> None:
    case = CASES[name]
    bad = case.bad(world)
    batch = _numbered([*case.foreign(world), bad, *case.good(world)])
    before = world.parked(case.parking) if case.parking else []
    answer = world.invoke(name, batch)
    case.done(world)
    if case.parking is None:
        assert answer == {"batchItemFailures": [{"itemIdentifier": bad["messageId"]}]}
        return
    assert answer in (None, {"batchItemFailures": []})
    (parked,) = world.parked(case.parking)[len(before) :]
    assert (parked["function"], parked["record"]) == (f"{STAGE}-{name}", bad)
    assert parked["reason"]


@every_case
def test_a_batch_that_comes_again_changes_nothing(world: AwsWorld, name: str) -> None:
    case = CASES[name]
    batch = _numbered([*case.good(world), *case.foreign(world)])
    for _ in range(2):
        assert world.invoke(name, batch) in (None, {"batchItemFailures": []})
        case.done(world)


@every_case
def test_an_empty_batch_is_no_error(world: AwsWorld, name: str) -> None:
    assert world.invoke(name, []) in (None, {"batchItemFailures": []})


@pytest.mark.parametrize("name", [name for name in CASES if CASES[name].parking is None])
def test_a_queue_may_hold_messages_in_their_topics_envelope(world: AwsWorld, name: str) -> None:
    case = CASES[name]
    bodies = [record["body"] for record in (*case.good(world), *case.foreign(world), case.bad(world))]
    batch = messages_of_topic(bodies)
    assert world.invoke(name, batch) == {"batchItemFailures": [{"itemIdentifier": batch[-1]["messageId"]}]}
    case.done(world)


def test_the_event_by_which_s3_tries_a_connection_asks_for_nothing(world: AwsWorld) -> None:
    world.gateway.functions["avatars-thumbnails"].invoke(event("s3_test_event"))


# --- one event at a time ---


def test_a_topic_tells_a_function_of_an_event_and_it_tells_who_listens(world: AwsWorld) -> None:
    connections, broadcast = (world.gateway.functions[f"live-{name}"] for name in ("connections", "broadcast"))
    assert connections.invoke(event("websocket_connect"))["statusCode"] == 200
    answer = connections.invoke(event("websocket_message"))
    assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"type": "subscribed", "topic": "posts"})
    with _connection() as heard:
        broadcast.invoke(_notice(world.post_events[0]))
        broadcast.invoke(event("sns"))  # of a post to which nobody listens
        assert connections.invoke(event("websocket_disconnect"))["statusCode"] == 200
        broadcast.invoke(_notice(world.post_events[1]))
    assert [(told["type"], told["post"]["title"]) for told in heard] == [("post.published", "Snail one")]


def test_garbage_on_a_connection_is_answered_and_does_no_harm(world: AwsWorld) -> None:
    connections = world.gateway.functions["live-connections"]
    connections.invoke(event("websocket_connect"))
    for garbage in ("", "no JSON", "[]", '{"action": "$disconnect"}', "\ud800"):
        answer = connections.invoke(event("websocket_message") | {"body": garbage})
        assert (answer["statusCode"], json.loads(answer["body"])["type"]) == (200, "error")
    connections.invoke(event("websocket_disconnect"))
    connections.invoke(event("websocket_disconnect"))


def test_an_event_that_cannot_be_told_fails_and_has_somewhere_to_go(world: AwsWorld) -> None:
    with pytest.raises(msgspec.DecodeError):
        world.gateway.functions["live-broadcast"].invoke(_notice("no JSON"))
    told = templates.resources("live", "AWS::Serverless::Function")["BroadcastFunction"]["EventInvokeConfig"]
    assert "OnFailure" in told["DestinationConfig"]


def _notice(message: str) -> dict[str, Any]:
    told = event("sns")
    told["Records"][0]["Sns"]["Message"] = message
    return told


@contextmanager
def _connection() -> Iterator[list[dict[str, Any]]]:
    """Play the WebSocket API that takes messages to a client; yield what the client hears."""
    heard: list[dict[str, Any]] = []

    def answer(request: Any) -> AWSResponse | None:
        if "@connections" not in request.url:
            return None
        heard.append(json.loads(request.body))
        return AWSResponse(request.url, 200, {}, MockRawResponse(""))

    with answered_by(answer):
        yield heard


# --- nobody is left out ---


@every_case
def test_a_case_is_made_of_what_wakes_its_function(world: AwsWorld, name: str) -> None:
    assert {record["eventSource"] for record in CASES[name].good(world)} == {f"aws:{kind}" for kind in _woken()[name]}


def test_no_function_is_left_out() -> None:
    assert {*CASES, *ONE_AT_A_TIME} == {name for name, kinds in _woken().items() if kinds}
    assert set(ANSWERING) == {name for name, kinds in _woken().items() if not kinds}


def _woken() -> dict[str, set[str]]:
    """Return by which events each function of the templates is woken: by none, where it answers requests."""
    return {
        templates.name_in_stage(function["FunctionName"]): {*_mapped(function), *_permitted(service, logical)}
        for service in templates.services()
        for logical, function in templates.resources(service, "AWS::Serverless::Function").items()
    }


def _mapped(function: dict[str, Any]) -> Iterator[str]:
    return (each["Type"].lower() for each in function.get("Events", {}).values())


def _permitted(service: str, function: str) -> Iterator[str]:
    for each in templates.resources(service, "AWS::Lambda::Permission").values():
        service = each["Principal"].partition(".")[0]
        if function in str(each["FunctionName"]) and service not in BY_REQUEST:
            yield service


def _numbered(batch: list[Record]) -> list[Record]:
    """Give the messages of a batch names of their own."""
    for place, record in enumerate(batch):
        if "messageId" in record:
            record["messageId"] = f"message-{place}"
    return batch
