"""Each kind of message carries the trace where its form has feature for it, and hands it on as AWS does."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microservices.tracing.carriers import carried, carrying, of_object
from microservices.tracing.invocations import woken_by
from tests.microservices.aws_events import event
from tracing.traceparent import NAME, Traceparent, read

from .told import SENT, SPAN, TRACE

SENDER = Traceparent(TRACE, SPAN)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda each: st.lists(each) | st.dictionaries(st.text(), each),
)


def put_into(form: str, sent: str) -> dict[str, Any]:
    """Return the event of a file of tests/events, which carries what was sent where its kind does."""
    told = event(form)
    if form == "dynamodb":
        told["Records"][0]["dynamodb"]["NewImage"][NAME] = {"S": sent}
    elif form == "sns":
        told["Records"][0]["Sns"]["MessageAttributes"][NAME] = {"Type": "String", "Value": sent}
    elif form == "sqs":
        told["Records"][0]["messageAttributes"][NAME] = {"stringValue": sent, "dataType": "String"}
    elif form == "kinesis":
        record = told["Records"][0]["kinesis"]
        view = json.loads(base64.b64decode(record["data"])) | {NAME: sent}
        record["data"] = base64.b64encode(json.dumps(view).encode()).decode()
    elif form == "alb_multi_value":
        told["multiValueHeaders"][NAME] = [sent]
    else:
        told["headers"][NAME] = sent
    return told


FORMS = (
    "http_api_2.0", "http_api_2.0_base64", "http_api_1.0", "rest_api", "alb", "alb_multi_value", "authorizer_2.0", "dynamodb",
    "sns", "sqs", "kinesis",
)  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_an_event_of_aws_hands_on_the_trace(form: str) -> None:
    assert carried(put_into(form, SENT)) == [SENDER]


@pytest.mark.parametrize("form", FORMS)
def test_what_is_no_traceparent_begins_a_trace_of_its_own(form: str) -> None:
    assert carried(put_into(form, f"{SENT}; DROP TABLE posts")) == []


def test_a_removed_item_hands_nothing_on() -> None:
    removed = put_into("dynamodb", SENT)
    image = removed["Records"][0]["dynamodb"].pop("NewImage")
    removed["Records"][0]["dynamodb"]["OldImage"] = image
    assert carried({"Records": removed["Records"][:1]}) == []


def test_a_batch_hands_on_each_trace_once() -> None:
    other = SENT.replace(TRACE, "1" * 32)
    records = [put_into("sqs", each)["Records"][0] for each in (SENT, other, SENT)]
    assert carried({"Records": records}) == [SENDER, read(other)]


@given(JSON)
def test_no_event_raises(told: Any) -> None:
    assert carried(told) == []
    assert carried({"Records": told}) == []
    assert carried({"Records": [told], "headers": told, "multiValueHeaders": {NAME: told}}) == []
    assert len(woken_by({"Records": [told], "headers": told})) < 120


def test_an_object_hands_the_trace_on_in_its_metadata() -> None:
    put = carrying("s3", "PutObject", {"Bucket": "b", "Key": "k", "Metadata": {"upload": "1"}}, SENDER)
    assert put["Metadata"] == {"upload": "1", NAME: SENT}
    assert of_object({"Metadata": put["Metadata"]}) == SENDER


def test_a_direct_invocation_hands_it_on_in_its_payload() -> None:
    asked = carrying("lambda", "Invoke", {"FunctionName": "f", "Payload": '{"Records": []}'}, SENDER)
    assert json.loads(asked["Payload"]) == {"Records": [], NAME: SENT}
    assert carried(json.loads(asked["Payload"])) == [SENDER]


@pytest.mark.parametrize("payload", ["[]", "no JSON", b"\xff", "7"])
def test_a_payload_without_room_for_it_stays_as_it_is(payload: Any) -> None:
    assert carrying("lambda", "Invoke", {"Payload": payload}, SENDER)["Payload"] == payload


@pytest.mark.parametrize(
    ("expression", "becomes"),
    [
        ("SET a = :a", f"SET {NAME} = :{NAME}, a = :a"),
        ("ADD topics :topics", f"ADD topics :topics SET {NAME} = :{NAME}"),
        ("REMOVE a SET b = :b", f"REMOVE a SET {NAME} = :{NAME}, b = :b"),
    ],
)
def test_an_update_sets_it_beside_what_it_changes(expression: str, becomes: str) -> None:
    update = {"UpdateExpression": expression, "ExpressionAttributeValues": {":a": {"N": "1"}}}
    member = carrying("dynamodb", "TransactWriteItems", {"TransactItems": [{"Update": update}]}, SENDER)
    alone = carrying("dynamodb", "UpdateItem", update, SENDER)
    for changed in (member["TransactItems"][0]["Update"], alone):
        assert changed["UpdateExpression"] == becomes
        assert changed["ExpressionAttributeValues"] == {":a": {"N": "1"}, f":{NAME}": {"S": SENT}}
    assert update == {"UpdateExpression": expression, "ExpressionAttributeValues": {":a": {"N": "1"}}}


def test_a_call_that_sends_nothing_on_stays_as_it_is() -> None:
    asked = {"TableName": "t", "Key": {"pk": {"S": "1"}}}
    assert carrying("dynamodb", "GetItem", asked, SENDER) is asked


def test_a_name_tells_a_route_of_ours_and_nothing_that_somebody_sent() -> None:
    assert woken_by(event("authorizer_2.0")) == "authorizer"
    assert woken_by(event("sns")) == "topic"
    assert woken_by({"headers": {}, "routeKey": "GET /posts/{post_id}"}) == "GET /posts/{post_id}"
    assert woken_by({"headers": {}, "routeKey": "GET /posts?q=secret words"}) == "request"
    assert woken_by({"headers": {}, "routeKey": ["GET /"]}) == "request"
