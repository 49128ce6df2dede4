"""Every HTTP entry point of AWS (REST API, HTTP API, load balancer) gives the same answer for the same request."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from microservices.event_formats import to_http_api

from .client import Api, Person, unique
from .entry_points import (
    ENTRY_POINTS,
    EntryPoint,
    Event,
    balancer,
    balancer_of_many_values,
    http_api,
    invoke_through,
    rest_api,
)
from .gateway import Gateway, gateway_over_moto
from .test_hostile import SAME_STATUS, Hostile

HOST = httpx.URL("http://functions.test")
BALANCED = (balancer, balancer_of_many_values)
LATER = "9999999999"  # seconds since 1970
every_entry_point = pytest.mark.parametrize("entry_point", ENTRY_POINTS.values(), ids=ENTRY_POINTS)


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with gateway_over_moto() as gateway:
        yield gateway


@pytest.fixture(scope="module")
def ada(gateway: Gateway) -> Person:
    api = Api(httpx.Client(transport=gateway, base_url=HOST), patience=0)
    person = api.join("ada")
    for title in ("one", "two"):
        api.published(person, title=title, tags=["entry-points"])
    return person


def request_for(method: str, path: str, body: object = None, **headers: str) -> httpx.Request:
    content = b"" if body is None else json.dumps(body).encode()
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if content:
        sent = {"content-type": "application/json", **sent}
    return httpx.Request(method, HOST.copy_with(raw_path=path.encode("ascii")), headers=sent, content=content)


def hostile_request(hostile: Hostile, token: str) -> httpx.Request:
    lines = [header.replace("{token}", token).partition(": ")[::2] for header in hostile.headers]
    headers = [(name.encode(), value.encode("latin-1")) for name, value in lines]
    url = HOST.copy_with(raw_path=hostile.path.encode("ascii"))
    return httpx.Request(hostile.method, url, headers=headers, content=hostile.body)


def authorizer_context(entry_point: EntryPoint, username: str) -> dict[str, Any]:
    """Return the authorizer context of an entry point. A load balancer has none."""
    context = {"username": username, "expires": LATER}
    if entry_point in BALANCED:
        return {}
    return {"authorizer": {"lambda": context} if entry_point is http_api else {**context, "principalId": "any"}}


def read_answer(answer: Event) -> tuple[int, object, dict[str, str]]:
    """Return status, body and headers of an answer in any form."""
    many = answer.get("multiValueHeaders") or {name: [value] for name, value in answer.get("headers", {}).items()}
    body = base64.b64decode(answer["body"]).decode() if answer["isBase64Encoded"] else answer["body"]
    return answer["statusCode"], body and json.loads(body), {name: ",".join(values) for name, values in many.items()}


@every_entry_point
@pytest.mark.parametrize(
    "path",
    [
        "/health",
        "/posts",
        "/posts?limit=1",
        "/posts?limit=0",
        "/posts?tag=entry-points&limit=1",
        "/posts?tag=%65ntry-points&limit=%31",
        "/posts?author=%C3%A9",
        "/posts?author=a%00b",
        "/posts?author=a%26limit=0",
        "/posts?t%61g=entry-points",
        "/posts?limit=%2B1",
        "/posts?limit=1+",
        "/posts?limit",
        "/posts?limit=1;tag=x",
        "/posts/nowhere",
        "/posts/01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "/users/%61da",
        "/users/nobody%0A",
        "/users/nobody%2561",
        "/search?q=one%20two",
        "/search?q=one+two",
        "/search?q=%2525",
        "/trending?limit=3",
    ],
)
def test_a_get_request_has_the_same_answer_at_every_entry_point(
    gateway: Gateway, ada: Person, entry_point: EntryPoint, path: str
) -> None:
    status, body, headers = read_answer(invoke_through(entry_point, gateway, request_for("GET", path)))
    expected = read_answer(invoke_through(http_api, gateway, request_for("GET", path)))
    if isinstance(body, dict):
        body["as_of"] = expected[1]["as_of"] = None  # type: ignore[index]
    assert (status, body, headers) == expected


@pytest.mark.one_variant("name")
@every_entry_point
@pytest.mark.parametrize("name", SAME_STATUS)
def test_a_hostile_request_has_the_same_answer_at_every_entry_point(
    gateway: Gateway, ada: Person, entry_point: EntryPoint, name: str
) -> None:
    request = hostile_request(SAME_STATUS[name], ada.token)
    context = {} if entry_point in BALANCED else authorizer_context(http_api, ada.username)
    answer = read_answer(
        invoke_through(entry_point, gateway, request, context=authorizer_context(entry_point, ada.username))
    )
    expected = read_answer(invoke_through(http_api, gateway, request, context=context))
    assert answer[0] < 500
    if request.method == "GET" or answer[0] >= 400:
        assert answer == expected
    else:
        assert expected[0] < 300  # the second request with the same key is a 200


def test_the_first_of_a_repeated_parameter_counts_where_the_entry_point_passes_all(
    gateway: Gateway, ada: Person
) -> None:
    request = request_for("GET", "/posts?limit=1&limit=2&tag=entry-points&tag=none")
    answers = {
        name: read_answer(invoke_through(entry_point, gateway, request))[1]
        for name, entry_point in ENTRY_POINTS.items()
    }
    last_alone = answers.pop("load balancer")
    assert last_alone == {"items": [], "next_cursor": None}  # why our load balancer has multi-value headers on
    first = read_answer(invoke_through(http_api, gateway, request))[1]
    assert list(answers.values()) == [first] * len(answers)
    assert [post["title"] for post in first["items"]] == ["two"]  # type: ignore[index]


@every_entry_point
@pytest.mark.parametrize("encoded", [False, True], ids=["text", "base64"])
def test_a_body_arrives_as_it_was_sent_in_either_encoding(
    gateway: Gateway, entry_point: EntryPoint, encoded: bool
) -> None:
    name = unique("entry_point")
    form = {
        "username": name,
        "email": f"{name}@example.org",
        "password": "long enough",
        "display_name": "Ünï \U0001f600",
    }
    request = request_for("POST", "/users", form)

    def packed(route: Any, request: httpx.Request) -> Event:
        event = entry_point(route, request)
        if encoded:  # as for a body with a Content-Encoding
            event |= {"body": base64.b64encode(event["body"].encode()).decode(), "isBase64Encoded": True}
        return event

    status, user, headers = read_answer(invoke_through(packed, gateway, request))
    assert (status, headers["location"]) == (201, f"/users/{name}")
    assert user["display_name"] == form["display_name"]  # type: ignore[index]
    assert read_answer(invoke_through(packed, gateway, request))[0] == 409


@every_entry_point
@pytest.mark.parametrize("encoded", [False, True], ids=["text", "base64"])
def test_a_body_that_is_not_utf8_is_refused_in_either_encoding(
    gateway: Gateway, entry_point: EntryPoint, encoded: bool
) -> None:
    sent = b'{"username": "\xff"}'

    def packed(route: Any, request: httpx.Request) -> Event:
        body = base64.b64encode(sent).decode() if encoded else sent.decode(errors="replace")
        return {**entry_point(route, request), "body": body, "isBase64Encoded": encoded}

    headers = {"content-type": "application/json"}
    request = httpx.Request("POST", HOST.join("/tokens"), headers=headers, content=sent)
    assert read_answer(invoke_through(packed, gateway, request))[0] == 400


@every_entry_point
def test_only_the_authorizer_identifies_the_user(gateway: Gateway, ada: Person, entry_point: EntryPoint) -> None:
    headers = {"authorization": f"Bearer {ada.token}", "x-amzn-oidc-identity": ada.username, "x-user": ada.username}
    request = request_for("GET", "/users/me", **headers)
    status, problem, answered = read_answer(invoke_through(entry_point, gateway, request))
    assert (status, answered["WWW-Authenticate"]) == (401, "Bearer")
    assert problem["type"] == "/problems/not-identified"  # type: ignore[index]
    status, user, _ = read_answer(
        invoke_through(entry_point, gateway, request, context=authorizer_context(entry_point, ada.username))
    )
    if entry_point in BALANCED:
        assert status == 401
    else:
        assert (status, user["email"]) == (200, ada.email)  # type: ignore[index]


@pytest.mark.parametrize("context", [None, {}, {"principalId": "ada"}, {"claims": {"username": "ada"}}])
def test_an_authorizer_context_without_a_user_identifies_nobody(gateway: Gateway, ada: Person, context: Any) -> None:
    for entry_point, authorizer in [
        (rest_api, context),
        (http_api, context),
        (http_api, {"lambda": context}),
        (http_api, {"jwt": context}),
    ]:
        answer = invoke_through(
            entry_point, gateway, request_for("GET", "/users/me"), context={"authorizer": authorizer}
        )
        assert answer["statusCode"] == 401


@every_entry_point
def test_a_client_cannot_change_its_address(gateway: Gateway, entry_point: EntryPoint) -> None:
    request = request_for("GET", "/health", X_Forwarded_For="192.0.2.66", Forwarded="for=192.0.2.66")
    event = to_http_api(entry_point(gateway.route(request), request))
    assert event["requestContext"]["http"]["sourceIp"] == "127.0.0.1"


@every_entry_point
@pytest.mark.parametrize("path", ["/health", "/posts/nowhere"])
def test_an_answer_has_the_form_of_its_entry_point(gateway: Gateway, entry_point: EntryPoint, path: str) -> None:
    answer = invoke_through(entry_point, gateway, request_for("GET", path))
    balanced, many = entry_point in BALANCED, entry_point is not balancer
    fields = {"statusCode", "body", "isBase64Encoded", "multiValueHeaders" if many else "headers"}
    assert set(answer) == fields | ({"statusDescription"} if balanced else set())
    if balanced:
        assert answer["statusDescription"] in ("200 OK", "404 Not Found")
    values = answer["multiValueHeaders" if many else "headers"].values()
    assert all(isinstance(value, list if many else str) for value in values)


@every_entry_point
@pytest.mark.parametrize("empty", [None, {}])
def test_a_request_without_headers_or_parameters_is_answered(
    gateway: Gateway, entry_point: EntryPoint, empty: Any
) -> None:
    def bare(route: Any, request: httpx.Request) -> Event:
        event = entry_point(route, request)
        names = [name for name in event if name.lower().endswith(("headers", "parameters"))]
        return {**event, **dict.fromkeys(names, empty), "body": None}

    assert read_answer(invoke_through(bare, gateway, request_for("GET", "/posts?limit=0")))[0] == 200
