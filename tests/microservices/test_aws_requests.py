"""Every function that answers requests reads each of AWS's event formats for HTTP, and responds in the same format."""

import base64
import json
import re
from collections.abc import Iterator

import httpx
import pytest

from tests.contract.functions import Function
from tests.contract.gateway import gateway_over_moto
from tests.contract.openapi import document, operations

from .aws_events import Event, event, request
from .event_scenario import STAGE, EventScenario

REQUEST_FUNCTIONS = (
    *("avatars-http", "feedback-http", "orders-http", "platform-http", "posts-http", "search-http", "trending-http"),
    *("users-http", "votes-http"),
    *("live-connections", "platform-authorizer"),  # for a WebSocket, and before protected routes
)
FORMS = ("http_api_2.0", "http_api_1.0", "rest_api", "alb", "alb_multi_value")
WITHOUT_AUTHORIZER = ("alb", "alb_multi_value")
METHOD_ARN = "arn:aws:execute-api:us-east-1:123456789012:abcdef1234/test/GET/users/me"
UNKNOWN_ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
every_form = pytest.mark.parametrize("form", FORMS)


@pytest.fixture(scope="module")
def scenario() -> Iterator[EventScenario]:
    with gateway_over_moto() as gateway:
        yield EventScenario(gateway)


def _function_and_path(scenario: EventScenario, operation: str) -> tuple[Function | None, str]:
    """Return the function that answers an operation, and its path with an unknown id."""
    method, template = operations()[operation]
    path = re.sub(r"\{\w+\}", UNKNOWN_ID, template)
    return scenario.gateway.route(httpx.Request(method, f"http://functions.test{path}")).function, path


def _invoke(
    scenario: EventScenario, operation: str, form: str, *, encoded: bool = False, body: str | None = None
) -> Event | None:
    """Return the response to an operation, as Ada if the format has an authorizer; None if no function answers it.

    encoded: send the body as base64. body: what is sent as base64, instead of an empty object.
    """
    (method, template), (function, path) = operations()[operation], _function_and_path(scenario, operation)
    if function is None:
        return None
    context = {"username": scenario.ada.username, "expires": "9999999999"}
    sent = request(
        form,
        method,
        path,
        resource=template,
        body="{}",
        authorizer=None if form in WITHOUT_AUTHORIZER else context,
    )
    if encoded:
        sent |= {"body": base64.b64encode(b"{}").decode() if body is None else body, "isBase64Encoded": True}
    answer: Event = function.invoke(sent)
    return answer


def _documented(name: str) -> Event:
    method, path = operations()[name]
    operation: Event = document()["paths"][path][method.lower()]
    return operation


@pytest.mark.one_variant("operation")
@pytest.mark.parametrize("form", FORMS[1:])
@pytest.mark.parametrize("encoded", [False, True], ids=["text", "base64"])
@pytest.mark.parametrize("operation", operations())
def test_an_operation_has_the_same_status_in_every_format(
    scenario: EventScenario, operation: str, form: str, encoded: bool
) -> None:
    answer, expected = (_invoke(scenario, operation, each, encoded=encoded) for each in (form, "http_api_2.0"))
    if answer is None or expected is None:
        return
    if form in WITHOUT_AUTHORIZER and "security" in _documented(operation):
        assert answer["statusCode"] == 401
    else:
        assert answer["statusCode"] == expected["statusCode"]
        assert str(answer["statusCode"]) in _documented(operation)["responses"]


@every_form
def test_a_response_has_the_format_of_its_request(scenario: EventScenario, form: str) -> None:
    answer = _invoke(scenario, "list_posts", form)
    assert answer is not None
    headers = {"headers"} if form == "alb" else {"multiValueHeaders"} if form != "http_api_2.0" else set()
    assert set(answer) >= {"statusCode", "body", "isBase64Encoded"} | headers
    assert ("statusDescription" in answer) is (form in WITHOUT_AUTHORIZER)
    assert [item["id"] for item in json.loads(answer["body"])["items"]] == [scenario.second, scenario.first]


@every_form
def test_the_example_request_of_each_format_is_understood(scenario: EventScenario, form: str) -> None:
    """It lists five posts with the tag `one`. A load balancer without multi-value headers passes on only the last tag."""
    api, tag = scenario.api, "two" if form == "alb" else "one"
    wanted = api.published(scenario.bob, tags=[tag])["id"]
    answer = scenario.gateway.functions["posts-http"].invoke(event(form))
    assert answer["statusCode"] == 200
    assert wanted in [item["id"] for item in json.loads(answer["body"])["items"]]


def test_a_body_in_base64_is_decoded(scenario: EventScenario) -> None:
    sent = event("http_api_2.0_base64")
    answer = scenario.gateway.functions["posts-http"].invoke(sent)
    assert answer["statusCode"] == 201
    assert json.loads(answer["body"])["title"] == "Ünïcode"
    context = sent["requestContext"]["authorizer"]["lambda"]
    assert json.loads(answer["body"])["author"] == context["username"]


@pytest.mark.parametrize("body", ["{", "e30", "e30=e30=", "not base64!", "e3\n0=", "ü", "\ud800"], ids=ascii)
@pytest.mark.parametrize("operation", ["give_feedback", "upload_avatar"])
def test_a_body_that_is_not_the_base64_it_claims_to_be_is_a_400(
    scenario: EventScenario, operation: str, body: str
) -> None:
    for form in ("http_api_2.0", "rest_api"):
        answer = _invoke(scenario, operation, form, encoded=True, body=body)
        assert answer is not None
        assert (answer["statusCode"], json.loads(answer["body"])["type"]) == (400, "/problems/malformed")


@pytest.mark.parametrize(
    "sent",
    [
        {"type": "TOKEN", "authorizationToken": "Bearer a.b.c", "methodArn": METHOD_ARN},
        {"type": "REQUEST", "methodArn": METHOD_ARN, "headers": {"Authorization": "Bearer a.b.c"}, "httpMethod": "GET"},
        {"version": "1.0", "type": "REQUEST", "methodArn": METHOD_ARN, "headers": {}, "identitySource": "Bearer a.b.c"},
        {"type": "REQUEST", "methodArn": METHOD_ARN, "requestContext": {"routeKey": "$connect"}, "headers": None},
    ],
    ids=["TOKEN", "REST API", "payload 1.0", "WebSocket API"],
)
def test_the_authorizer_denies_an_event_in_another_format(scenario: EventScenario, sent: Event) -> None:
    denied = scenario.gateway.functions["platform-authorizer"].invoke(sent)
    (statement,) = denied["policyDocument"]["Statement"]
    assert (statement["Effect"], statement["Resource"]) == ("Deny", METHOD_ARN)
    assert denied["principalId"]


def test_the_authorizer_denies_an_event_that_it_cannot_read(scenario: EventScenario) -> None:
    assert scenario.gateway.functions["platform-authorizer"].invoke({}) == {"isAuthorized": False}


def test_the_authorizer_returns_the_username_or_why_the_token_is_invalid(scenario: EventScenario) -> None:
    authorizer, sent = scenario.gateway.functions["platform-authorizer"], event("authorizer_2.0")
    refused = authorizer.invoke(sent)
    assert (refused["isAuthorized"], set(refused["context"])) == (True, {"reason"})
    sent["headers"]["authorization"] = sent["identitySource"][0] = f"Bearer {scenario.ada.token}"
    known = authorizer.invoke(sent)
    assert (known["isAuthorized"], known["context"]["username"]) == (True, scenario.ada.username)


def test_every_function_with_a_route_is_tested(scenario: EventScenario) -> None:
    tested = {function.name for operation in operations() if (function := _function_and_path(scenario, operation)[0])}
    assert tested == {f"{STAGE}-{name}" for name in REQUEST_FUNCTIONS} - {
        f"{STAGE}-{name}" for name in REQUEST_FUNCTIONS[-2:]
    }
