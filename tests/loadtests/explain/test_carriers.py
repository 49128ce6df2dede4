"""Each kind of message carries the trace where its format has a place for it, and AWS delivers it."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.explain.hooks.carriers import (
    NAME,
    Traceparent,
    new_span,
    new_trace,
    parse,
    traceparent_of_object,
    traceparents_of,
    with_traceparent,
)
from loadtests.explain.hooks.functions import source_of
from tests.microservices.aws_events import event

from .traced_systems import SENT, SPAN, TRACE

SENDER = Traceparent(TRACE, SPAN)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda each: st.lists(each) | st.dictionaries(st.text(), each),
)


def put_into(form: str, sent: str) -> dict[str, Any]:
    """Return an event of tests/events with a traceparent where its kind carries one."""
    changed = event(form)
    if form == "dynamodb":
        changed["Records"][0]["dynamodb"]["NewImage"][NAME] = {"S": sent}
    elif form == "sns":
        changed["Records"][0]["Sns"]["MessageAttributes"][NAME] = {"Type": "String", "Value": sent}
    elif form == "sqs":
        changed["Records"][0]["messageAttributes"][NAME] = {"stringValue": sent, "dataType": "String"}
    elif form == "kinesis":
        record = changed["Records"][0]["kinesis"]
        view = json.loads(base64.b64decode(record["data"])) | {NAME: sent}
        record["data"] = base64.b64encode(json.dumps(view).encode()).decode()
    elif form == "alb_multi_value":
        changed["multiValueHeaders"][NAME] = [sent]
    else:
        changed["headers"][NAME] = sent
    return changed


FORMS = (
    "http_api_2.0", "http_api_2.0_base64", "http_api_1.0", "rest_api", "alb", "alb_multi_value", "authorizer_2.0", "dynamodb",
    "sns", "sqs", "kinesis",
)  # fmt: skip


def test_a_traceparent_is_read_as_it_was_written() -> None:
    assert (parse(SENT), str(SENDER)) == (SENDER, SENT)
    made = Traceparent(new_trace(), new_span())
    assert parse(str(made)) == made


@pytest.mark.parametrize(
    "wrong", [None, 7, [SENT], "", SENT.upper(), f"{SENT}-more", f" {SENT}", f"{SENT}\n", SENT[3:]]
)
def test_another_text_is_no_traceparent(wrong: object) -> None:
    assert parse(wrong) is None


@pytest.mark.parametrize("form", FORMS)
def test_an_event_of_aws_carries_the_trace(form: str) -> None:
    assert traceparents_of(put_into(form, SENT)) == [SENDER]


@pytest.mark.parametrize("form", FORMS)
def test_an_invalid_traceparent_is_ignored(form: str) -> None:
    assert traceparents_of(put_into(form, f"{SENT}; DROP TABLE posts")) == []


def test_a_removed_item_carries_no_trace() -> None:
    removed = put_into("dynamodb", SENT)
    image = removed["Records"][0]["dynamodb"].pop("NewImage")
    removed["Records"][0]["dynamodb"]["OldImage"] = image
    assert traceparents_of({"Records": removed["Records"][:1]}) == []


def test_a_batch_carries_each_trace_once() -> None:
    other = SENT.replace(TRACE, "1" * 32)
    records = [put_into("sqs", each)["Records"][0] for each in (SENT, other, SENT)]
    assert traceparents_of({"Records": records}) == [SENDER, parse(other)]


@given(JSON)
def test_no_event_raises(changed: Any) -> None:
    assert traceparents_of(changed) == []
    assert traceparents_of({"Records": changed}) == []
    assert traceparents_of({"Records": [changed], "headers": changed, "multiValueHeaders": {NAME: changed}}) == []
    assert len(source_of({"Records": [changed], "headers": changed})) < 120


def test_an_object_carries_the_trace_in_its_metadata() -> None:
    put = with_traceparent("s3", "PutObject", {"Bucket": "b", "Key": "k", "Metadata": {"upload": "1"}}, SENDER)
    assert put["Metadata"] == {"upload": "1", NAME: SENT}
    assert traceparent_of_object({"Metadata": put["Metadata"]}) == SENDER


def test_a_direct_invocation_carries_the_trace_in_its_payload() -> None:
    call = with_traceparent("lambda", "Invoke", {"FunctionName": "f", "Payload": '{"Records": []}'}, SENDER)
    assert json.loads(call["Payload"]) == {"Records": [], NAME: SENT}
    assert traceparents_of(json.loads(call["Payload"])) == [SENDER]


@pytest.mark.parametrize("payload", ["[]", "no JSON", b"\xff", "7"])
def test_a_payload_that_is_no_json_object_is_sent_unchanged(payload: Any) -> None:
    assert with_traceparent("lambda", "Invoke", {"Payload": payload}, SENDER)["Payload"] == payload


@pytest.mark.parametrize(
    ("expression", "becomes"),
    [
        ("SET a = :a", f"SET {NAME} = :{NAME}, a = :a"),
        ("ADD topics :topics", f"ADD topics :topics SET {NAME} = :{NAME}"),
        ("REMOVE a SET b = :b", f"REMOVE a SET {NAME} = :{NAME}, b = :b"),
    ],
)
def test_an_update_sets_the_traceparent_in_addition_to_its_own_changes(expression: str, becomes: str) -> None:
    update = {"UpdateExpression": expression, "ExpressionAttributeValues": {":a": {"N": "1"}}}
    member = with_traceparent("dynamodb", "TransactWriteItems", {"TransactItems": [{"Update": update}]}, SENDER)
    alone = with_traceparent("dynamodb", "UpdateItem", update, SENDER)
    for changed in (member["TransactItems"][0]["Update"], alone):
        assert changed["UpdateExpression"] == becomes
        assert changed["ExpressionAttributeValues"] == {":a": {"N": "1"}, f":{NAME}": {"S": SENT}}
    assert update == {"UpdateExpression": expression, "ExpressionAttributeValues": {":a": {"N": "1"}}}


def test_a_call_that_sends_no_message_is_unchanged() -> None:
    call = {"TableName": "t", "Key": {"pk": {"S": "1"}}}
    assert with_traceparent("dynamodb", "GetItem", call, SENDER) is call


def test_a_source_is_a_route_or_a_kind_of_event_and_nothing_that_a_client_sent() -> None:
    assert source_of(event("authorizer_2.0")) == "authorizer"
    assert source_of(event("sns")) == "topic"
    assert source_of({"headers": {}, "routeKey": "GET /posts/{post_id}"}) == "GET /posts/{post_id}"
    assert source_of({"headers": {}, "routeKey": "GET /posts?q=secret words"}) == "request"
    assert source_of({"headers": {}, "routeKey": ["GET /"]}) == "request"
