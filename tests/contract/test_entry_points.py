"""The same functions behind every door that AWS has for HTTP: whichever way a request comes, the answer is the same."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

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
from .test_hostile import ALIKE, Hostile

HOST = httpx.URL("http://functions.test")
BALANCED = (balancer, balancer_of_many_values)
LATER = "9999999999"  # seconds since 1970
every_entry_point = pytest.mark.parametrize("door", ENTRY_POINTS.values(), ids=ENTRY_POINTS)


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with gateway_over_moto() as gateway:
        yield gateway


@pytest.fixture(scope="module")
def ada(gateway: Gateway) -> Person:
    api = Api(httpx.Client(transport=gateway, base_url=HOST), patience=0)
    person = api.join("ada")
    for title in ("one", "two"):
        api.published(person, title=title, tags=["doors"])
    return person


def asked(method: str, path: str, body: object = None, **headers: str) -> httpx.Request:
    content = b"" if body is None else json.dumps(body).encode()
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    if content:
        given = {"content-type": "application/json", **given}
    return httpx.Request(method, HOST.copy_with(raw_path=path.encode("ascii")), headers=given, content=content)


def written(hostile: Hostile, token: str) -> httpx.Request:
    lines = [header.replace("{token}", token).partition(": ")[::2] for header in hostile.headers]
    headers = [(name.encode(), value.encode("latin-1")) for name, value in lines]
    url = HOST.copy_with(raw_path=hostile.path.encode("ascii"))
    return httpx.Request(hostile.method, url, headers=headers, content=hostile.body)


def identified(door: EntryPoint, username: str) -> dict[str, Any]:
    """Return what the door's authorizer adds to the event; a load balancer has none."""
    told = {"username": username, "expires": LATER}
    if door in BALANCED:
        return {}
    return {"authorizer": {"lambda": told} if door is http_api else {**told, "principalId": "any"}}


def said(answer: Event) -> tuple[int, object, dict[str, str]]:
    """Return what every form of an answer says: its status, what its body holds, and its headers."""
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
        "/posts?tag=doors&limit=1",
        "/posts?tag=d%6Fors&limit=%31",
        "/posts?author=%C3%A9",
        "/posts?author=a%00b",
        "/posts?author=a%26limit=0",
        "/posts?t%61g=doors",
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
def test_a_question_is_answered_alike_at_every_door(gateway: Gateway, ada: Person, door: EntryPoint, path: str) -> None:
    status, body, headers = said(invoke_through(door, gateway, asked("GET", path)))
    expected = said(invoke_through(http_api, gateway, asked("GET", path)))
    if isinstance(body, dict):
        body["as_of"] = expected[1]["as_of"] = None  # type: ignore[index]
    assert (status, body, headers) == expected


@pytest.mark.one_variant("name")
@every_entry_point
@pytest.mark.parametrize("name", ALIKE)
def test_what_is_hostile_is_answered_alike_at_every_door(
    gateway: Gateway, ada: Person, door: EntryPoint, name: str
) -> None:
    request = written(ALIKE[name], ada.token)
    context = {} if door in BALANCED else identified(http_api, ada.username)
    answer = said(invoke_through(door, gateway, request, context=identified(door, ada.username)))
    expected = said(invoke_through(http_api, gateway, request, context=context))
    assert answer[0] < 500
    if request.method == "GET" or answer[0] >= 400:
        assert answer == expected
    else:
        assert expected[0] < 300  # an order that is placed already is shown by a 200


def test_of_a_repeated_parameter_the_first_counts_where_the_door_tells_all_of_them(
    gateway: Gateway, ada: Person
) -> None:
    request = asked("GET", "/posts?limit=1&limit=2&tag=doors&tag=none")
    found = {name: said(invoke_through(door, gateway, request))[1] for name, door in ENTRY_POINTS.items()}
    last_alone = found.pop("load balancer")
    assert last_alone == {"items": [], "next_cursor": None}  # so the front door has multi-value headers on
    first = said(invoke_through(http_api, gateway, request))[1]
    assert list(found.values()) == [first] * len(found)
    assert [post["title"] for post in first["items"]] == ["two"]  # type: ignore[index]


@every_entry_point
@pytest.mark.parametrize("encoded", [False, True], ids=["text", "base64"])
def test_a_body_arrives_as_it_was_sent_in_either_encoding(gateway: Gateway, door: EntryPoint, encoded: bool) -> None:
    name = unique("door")
    form = {
        "username": name,
        "email": f"{name}@example.org",
        "password": "long enough",
        "display_name": "Ünï \U0001f600",
    }
    request = asked("POST", "/users", form)

    def packed(route: Any, request: httpx.Request) -> Event:
        event = door(route, request)
        if encoded:  # as for a body whose Content-Encoding says something
            event |= {"body": base64.b64encode(event["body"].encode()).decode(), "isBase64Encoded": True}
        return event

    status, user, headers = said(invoke_through(packed, gateway, request))
    assert (status, headers["location"]) == (201, f"/users/{name}")
    assert user["display_name"] == form["display_name"]  # type: ignore[index]
    assert said(invoke_through(packed, gateway, request))[0] == 409


@every_entry_point
@pytest.mark.parametrize("encoded", [False, True], ids=["text", "base64"])
def test_a_body_that_is_no_utf8_is_refused_in_either_encoding(
    gateway: Gateway, door: EntryPoint, encoded: bool
) -> None:
    sent = b'{"username": "\xff"}'

    def packed(route: Any, request: httpx.Request) -> Event:
        body = base64.b64encode(sent).decode() if encoded else sent.decode(errors="replace")
        return {**door(route, request), "body": body, "isBase64Encoded": encoded}

    headers = {"content-type": "application/json"}
    request = httpx.Request("POST", HOST.join("/tokens"), headers=headers, content=sent)
    assert said(invoke_through(packed, gateway, request))[0] == 400


@every_entry_point
def test_a_caller_is_who_the_authorizer_says_and_nobody_else(gateway: Gateway, ada: Person, door: EntryPoint) -> None:
    headers = {"authorization": f"Bearer {ada.token}", "x-amzn-oidc-identity": ada.username, "x-user": ada.username}
    request = asked("GET", "/users/me", **headers)
    status, problem, told = said(invoke_through(door, gateway, request))
    assert (status, told["WWW-Authenticate"]) == (401, "Bearer")
    assert problem["type"] == "/problems/not-identified"  # type: ignore[index]
    status, user, _ = said(invoke_through(door, gateway, request, context=identified(door, ada.username)))
    if door in BALANCED:
        assert status == 401
    else:
        assert (status, user["email"]) == (200, ada.email)  # type: ignore[index]


@pytest.mark.parametrize("told", [None, {}, {"principalId": "ada"}, {"claims": {"username": "ada"}}])
def test_an_authorizer_that_says_nothing_of_a_user_identifies_nobody(gateway: Gateway, ada: Person, told: Any) -> None:
    for door, authorizer in [
        (rest_api, told),
        (http_api, told),
        (http_api, {"lambda": told}),
        (http_api, {"jwt": told}),
    ]:
        answer = invoke_through(door, gateway, asked("GET", "/users/me"), context={"authorizer": authorizer})
        assert answer["statusCode"] == 401


@every_entry_point
@pytest.mark.parametrize("path", ["/health", "/posts/nowhere"])
def test_an_answer_has_the_form_of_its_door(gateway: Gateway, door: EntryPoint, path: str) -> None:
    answer = invoke_through(door, gateway, asked("GET", path))
    balanced, many = door in BALANCED, door is not balancer
    fields = {"statusCode", "body", "isBase64Encoded", "multiValueHeaders" if many else "headers"}
    assert set(answer) == fields | ({"statusDescription"} if balanced else set())
    if balanced:
        assert answer["statusDescription"] in ("200 OK", "404 Not Found")
    values = answer["multiValueHeaders" if many else "headers"].values()
    assert all(isinstance(value, list if many else str) for value in values)


@every_entry_point
@pytest.mark.parametrize("empty", [None, {}])
def test_a_request_without_headers_or_parameters_is_answered(gateway: Gateway, door: EntryPoint, empty: Any) -> None:
    def bare(route: Any, request: httpx.Request) -> Event:
        event = door(route, request)
        names = [name for name in event if name.lower().endswith(("headers", "parameters"))]
        return {**event, **dict.fromkeys(names, empty), "body": None}

    assert said(invoke_through(bare, gateway, asked("GET", "/posts?limit=0")))[0] == 200
