"""Every function that answers requests takes them in each form that AWS has for HTTP, and answers in that form."""

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
from .aws_world import STAGE, AwsWorld

ANSWERING = (
    *("avatars-http", "feedback-http", "orders-http", "platform-http", "posts-http", "search-http", "trending-http"),
    *("users-http", "votes-http"),
    *("live-connections", "platform-authorizer"),  # of a WebSocket, and before a route
)
FORMS = ("http_api_2.0", "http_api_1.0", "rest_api", "alb", "alb_multi_value")
WITHOUT_AUTHORIZER = ("alb", "alb_multi_value")
NO_SUCH_THING = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
every_form = pytest.mark.parametrize("form", FORMS)


@pytest.fixture(scope="module")
def world() -> Iterator[AwsWorld]:
    with gateway_over_moto() as gateway:
        yield AwsWorld(gateway)


def _asked(world: AwsWorld, operation: str) -> tuple[Function | None, str]:
    """Return the function that answers an operation, and a path that names nothing which is there."""
    method, template = operations()[operation]
    path = re.sub(r"\{\w+\}", NO_SUCH_THING, template)
    return world.gateway.route(httpx.Request(method, f"http://functions.test{path}")).function, path


def _ask(world: AwsWorld, operation: str, form: str, *, encoded: bool = False) -> Event | None:
    """Ask an operation, as Ada where the form has an authorizer; None where no function answers it."""
    (method, template), (function, path) = operations()[operation], _asked(world, operation)
    if function is None:
        return None
    told = {"username": world.ada.username, "expires": "9999999999"}
    asked = request(
        form,
        method,
        path,
        resource=template,
        body="{}",
        authorizer=None if form in WITHOUT_AUTHORIZER else told,
    )
    if encoded:
        asked |= {"body": base64.b64encode(b"{}").decode(), "isBase64Encoded": True}
    answer: Event = function.invoke(asked)
    return answer


def _said(document_of: str) -> Event:
    method, path = operations()[document_of]
    found: Event = document()["paths"][path][method.lower()]
    return found


@pytest.mark.one_variant("operation")
@pytest.mark.parametrize("form", FORMS[1:])
@pytest.mark.parametrize("encoded", [False, True], ids=["text", "base64"])
@pytest.mark.parametrize("operation", operations())
def test_an_operation_is_answered_alike_in_every_form(
    world: AwsWorld, operation: str, form: str, encoded: bool
) -> None:
    answer, expected = (_ask(world, operation, each, encoded=encoded) for each in (form, "http_api_2.0"))
    if answer is None or expected is None:
        return
    if form in WITHOUT_AUTHORIZER and "security" in _said(operation):
        assert answer["statusCode"] == 401
    else:
        assert answer["statusCode"] == expected["statusCode"]
        assert str(answer["statusCode"]) in _said(operation)["responses"]


@every_form
def test_an_answer_has_the_form_of_its_question(world: AwsWorld, form: str) -> None:
    answer = _ask(world, "list_posts", form)
    assert answer is not None
    headers = {"headers"} if form == "alb" else {"multiValueHeaders"} if form != "http_api_2.0" else set()
    assert set(answer) >= {"statusCode", "body", "isBase64Encoded"} | headers
    assert ("statusDescription" in answer) is (form in WITHOUT_AUTHORIZER)
    assert [item["id"] for item in json.loads(answer["body"])["items"]] == [world.second, world.first]


@every_form
def test_the_question_of_the_file_is_understood(world: AwsWorld, form: str) -> None:
    """It asks for five posts with the tag `one`; a load balancer without multi-value headers tells only the last tag."""
    api, tag = world.api, "two" if form == "alb" else "one"
    wanted = api.published(world.bob, tags=[tag])["id"]
    answer = world.gateway.functions["posts-http"].invoke(event(form))
    assert answer["statusCode"] == 200
    assert wanted in [item["id"] for item in json.loads(answer["body"])["items"]]


def test_a_body_in_base64_is_read_as_what_it_was(world: AwsWorld) -> None:
    asked = event("http_api_2.0_base64")
    answer = world.gateway.functions["posts-http"].invoke(asked)
    assert answer["statusCode"] == 201
    assert json.loads(answer["body"])["title"] == "Ünïcode"
    told = asked["requestContext"]["authorizer"]["lambda"]
    assert json.loads(answer["body"])["author"] == told["username"]


def test_the_authorizer_says_whose_a_token_is_or_what_is_wrong_with_it(world: AwsWorld) -> None:
    authorizer, asked = world.gateway.functions["platform-authorizer"], event("authorizer_2.0")
    refused = authorizer.invoke(asked)
    assert (refused["isAuthorized"], set(refused["context"])) == (True, {"reason"})
    asked["headers"]["authorization"] = asked["identitySource"][0] = f"Bearer {world.ada.token}"
    known = authorizer.invoke(asked)
    assert (known["isAuthorized"], known["context"]["username"]) == (True, world.ada.username)


def test_every_function_that_has_a_route_is_asked(world: AwsWorld) -> None:
    asked = {function.name for operation in operations() if (function := _asked(world, operation)[0])}
    assert asked == {f"{STAGE}-{name}" for name in ANSWERING} - {f"{STAGE}-{name}" for name in ANSWERING[-2:]}
