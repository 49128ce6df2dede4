"""Every function with an event source handles AWS's own form of the event.

Good records are handled, foreign ones ignored, and a bad one is parked with its reason or redelivered alone.
"""

import copy
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from moto.core.botocore_stubber import MockRawResponse

from microservices.deploy import templates
from tests.contract.aws_calls import answered_by, watched_by
from tests.contract.gateway import gateway_over_moto

from .aws_events import Record, enveloped_messages, event
from .event_cases import CASES
from .event_scenario import STAGE, EventScenario
from .test_aws_requests import REQUEST_FUNCTIONS

ONE_AT_A_TIME = {"live-broadcast"}  # a topic delivers no batches
NEW_ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
BY_REQUEST = {"apigateway", "elasticloadbalancing"}


@pytest.fixture(scope="module")
def scenario() -> Iterator[EventScenario]:
    with gateway_over_moto() as gateway:
        yield EventScenario(gateway)


every_case = pytest.mark.parametrize("name", CASES)


@every_case
def test_a_bad_record_is_parked_or_redelivered_and_the_others_are_handled(scenario: EventScenario, name: str) -> None:
    case = CASES[name]
    bad = case.bad(scenario)
    batch = _numbered([*case.foreign(scenario), bad, *case.good(scenario)])
    before = scenario.parked(case.parking) if case.parking else []
    answer = scenario.invoke(name, batch)
    case.done(scenario)
    if case.parking is None:
        assert answer == {"batchItemFailures": [{"itemIdentifier": bad["messageId"]}]}
        return
    assert answer in (None, {"batchItemFailures": []})
    (parked,) = scenario.parked(case.parking)[len(before) :]
    assert (parked["function"], parked["record"]) == (f"{STAGE}-{name}", bad)
    assert parked["reason"]


@every_case
def test_a_repeated_batch_changes_nothing(scenario: EventScenario, name: str) -> None:
    case = CASES[name]
    batch = _numbered([*case.good(scenario), *case.foreign(scenario)])
    for _ in range(2):
        assert scenario.invoke(name, batch) in (None, {"batchItemFailures": []})
        case.done(scenario)


def test_a_batch_of_edits_of_one_post_is_indexed_once(scenario: EventScenario) -> None:
    first = int(scenario.post_records[-1]["dynamodb"]["SequenceNumber"]) + 1
    edits = [_revised(scenario, title=f"Worm {number}", sequence=first + number) for number in range(10)]
    with _counted("dynamodb.TransactWriteItems") as calls:
        scenario.invoke("search-projection", edits)
    assert len(calls) == 1
    assert len(scenario.api.search("worm 9").json()["items"]) == 1
    assert scenario.api.search("worm 8").json()["items"] == []
    scenario.invoke("search-projection", [_revised(scenario, title="Snail two", sequence=first + 10)])


def test_of_a_batch_of_edits_the_last_good_one_is_indexed(scenario: EventScenario) -> None:
    good, bad = (_revised(scenario, title="Leech", sequence=sequence) for sequence in (7, 8))
    for record in (good, bad):
        record["dynamodb"]["Keys"]["pk"] = {"S": f"post#{NEW_ID}"}
        record["dynamodb"]["NewImage"]["id"] = {"S": NEW_ID}
    del bad["dynamodb"]["NewImage"]["body"]
    scenario.invoke("search-projection", [good, bad])
    assert len(scenario.api.search("leech").json()["items"]) == 1


def _revised(scenario: EventScenario, *, title: str, sequence: int) -> Record:
    """Return the record of a new title of Ada's second post."""
    key = {"pk": {"S": f"post#{scenario.second}"}, "sk": {"S": "post"}}
    published = next(each for each in scenario.post_records if each["dynamodb"]["Keys"] == key)
    revised = copy.deepcopy(published) | {"eventName": "MODIFY"}
    revised["dynamodb"]["NewImage"]["title"] = {"S": title}
    revised["dynamodb"]["SequenceNumber"] = str(sequence)
    return revised


class _Counter:
    """A watch that records the calls of one operation."""

    def __init__(self, operation: str) -> None:
        self.calls: list[str] = []
        self._operation = operation

    def before(self, operation: str) -> None:
        if operation == self._operation:
            self.calls.append(operation)

    def after(self, operation: str) -> None:
        pass


@contextmanager
def _counted(operation: str) -> Iterator[list[str]]:
    counter = _Counter(operation)
    with watched_by(counter):
        yield counter.calls


@every_case
def test_an_empty_batch_succeeds(scenario: EventScenario, name: str) -> None:
    assert scenario.invoke(name, []) in (None, {"batchItemFailures": []})


@pytest.mark.parametrize("name", [name for name in CASES if CASES[name].parking is None])
def test_messages_in_the_envelope_of_sns_are_handled(scenario: EventScenario, name: str) -> None:
    case = CASES[name]
    bodies = [record["body"] for record in (*case.good(scenario), *case.foreign(scenario), case.bad(scenario))]
    batch = enveloped_messages(bodies)
    assert scenario.invoke(name, batch) == {"batchItemFailures": [{"itemIdentifier": batch[-1]["messageId"]}]}
    case.done(scenario)


def test_the_test_event_of_s3_is_ignored(scenario: EventScenario) -> None:
    scenario.gateway.functions["avatars-thumbnails"].invoke(event("s3_test_event"))


# --- one event at a time ---


def test_an_event_of_the_topic_is_sent_to_subscribers(scenario: EventScenario) -> None:
    connections, broadcast = (scenario.gateway.functions[f"live-{name}"] for name in ("connections", "broadcast"))
    assert connections.invoke(event("websocket_connect"))["statusCode"] == 200
    answer = connections.invoke(event("websocket_message"))
    assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"type": "subscribed", "topic": "posts"})
    with _connection() as received:
        broadcast.invoke(_notice(scenario.post_events[0]))
        broadcast.invoke(event("sns"))  # of a post without subscribers
        assert connections.invoke(event("websocket_disconnect"))["statusCode"] == 200
        broadcast.invoke(_notice(scenario.post_events[1]))
    assert [(message["type"], message["post"]["title"]) for message in received] == [("post.published", "Snail one")]


def test_a_malformed_message_on_a_connection_is_answered_with_an_error(scenario: EventScenario) -> None:
    connections = scenario.gateway.functions["live-connections"]
    connections.invoke(event("websocket_connect"))
    for garbage in ("", "no JSON", "[]", '{"action": "$disconnect"}', "\ud800"):
        answer = connections.invoke(event("websocket_message") | {"body": garbage})
        assert (answer["statusCode"], json.loads(answer["body"])["type"]) == (200, "error")
    connections.invoke(event("websocket_disconnect"))
    connections.invoke(event("websocket_disconnect"))


def test_a_foreign_text_of_the_topic_is_ignored_and_a_failed_event_has_a_destination(scenario: EventScenario) -> None:
    scenario.gateway.functions["live-broadcast"].invoke(_notice("no JSON"))
    config = templates.resources("live", "AWS::Serverless::Function")["BroadcastFunction"]["EventInvokeConfig"]
    assert "OnFailure" in config["DestinationConfig"]


def _notice(message: str) -> dict[str, Any]:
    notice = event("sns")
    notice["Records"][0]["Sns"]["Message"] = message
    return notice


@contextmanager
def _connection() -> Iterator[list[dict[str, Any]]]:
    """Answer as the WebSocket API does that sends messages to a client; yield the messages."""
    received: list[dict[str, Any]] = []

    def answer(request: Any) -> AWSResponse | None:
        if "@connections" not in request.url:
            return None
        received.append(json.loads(request.body))
        return AWSResponse(request.url, 200, {}, MockRawResponse(""))

    with answered_by(answer):
        yield received


# --- every function has a case ---


@every_case
def test_a_case_uses_the_event_source_of_its_function(scenario: EventScenario, name: str) -> None:
    assert {record["eventSource"] for record in CASES[name].good(scenario)} == {
        f"aws:{kind}" for kind in _event_sources()[name]
    }


def test_every_function_has_a_case_or_answers_requests() -> None:
    assert {*CASES, *ONE_AT_A_TIME} == {name for name, kinds in _event_sources().items() if kinds}
    assert set(REQUEST_FUNCTIONS) == {name for name, kinds in _event_sources().items() if not kinds}


def _event_sources() -> dict[str, set[str]]:
    """Return the event sources of each function of the templates: none for a function that answers requests."""
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
    """Give the messages of a batch distinct ids."""
    for place, record in enumerate(batch):
        if "messageId" in record:
            record["messageId"] = f"message-{place}"
    return batch
