"""What every operation with a body says to a body that is none: its bytes, its type, its size, its fields."""

import json
from typing import Any

import httpx
import pytest

from .client import Api, Person, broken_fields, unique

pytestmark = pytest.mark.live_api

JSON = {"Content-Type": "application/json"}
LIMIT_BYTES = 64 * 1024
VALID: dict[str, dict[str, Any]] = {
    "register": {"username": "somebody", "email": "somebody@example.org", "password": "long enough"},
    "sign_in": {"username": "somebody", "password": "long enough"},
    "revise_me": {"display_name": "Somebody", "bio": "A life"},
    "publish": {"title": "A title", "body": "A body", "tags": ["a-tag"]},
    "revise_post": {"title": "A title", "body": "A body", "tags": ["a-tag"]},
    "cast": {"value": 1},
    "place": {"lines": [{"sku": "boost-1d", "post_id": "nowhere", "quantity": 1}]},
}
REQUIRED = {
    "register": ["username", "email", "password"],
    "sign_in": ["username", "password"],
    "publish": ["title", "body"],
    "cast": ["value"],
    "place": ["lines"],
}
FIELDS = [(operation, field) for operation, form in VALID.items() for field in form] + [("register", "display_name")]
OPERATIONS = pytest.mark.parametrize("operation", VALID)


@pytest.fixture(scope="module")
def post_id(api: Api, ada: Person) -> str:
    """A post of Ada's that these tests try, and fail, to change."""
    found: str = api.published(ada)["id"]
    return found


class Sender:
    """Sends raw bodies to the operations that take one."""

    def __init__(self, api: Api, ada: Person, post_id: str) -> None:
        self._api, self._ada = api, ada
        self._places = {
            "register": ("POST", "/users"),
            "sign_in": ("POST", "/tokens"),
            "revise_me": ("PATCH", "/users/me"),
            "publish": ("POST", "/posts"),
            "revise_post": ("PATCH", f"/posts/{post_id}"),
            "cast": ("PUT", f"/posts/{post_id}/vote"),
            "place": ("POST", "/orders"),
        }

    def __call__(self, operation: str, content: bytes | str, *, headers: dict[str, str] = JSON) -> httpx.Response:
        method, path = self._places[operation]
        with_key = {**headers, "Idempotency-Key": unique("key")}  # which one operation asks for
        return self._api.send(method, path, by=self._ada, content=content, headers=with_key)


@pytest.fixture(scope="module")
def send(api: Api, ada: Person, post_id: str) -> Sender:
    return Sender(api, ada, post_id)


@OPERATIONS
@pytest.mark.parametrize("content", ["{", "", "{'title': 1}", '{"a": 1,}', "{} {}", "nonsense", '{"a" "b"}'])
def test_malformed_json_is_a_400(send: Sender, operation: str, content: str) -> None:
    assert send(operation, content).status_code == 400


@OPERATIONS
@pytest.mark.parametrize("content", ["[]", '"text"', "1", "null", "true", "[{}]"])
def test_a_body_that_is_no_object_is_a_400(send: Sender, operation: str, content: str) -> None:
    assert send(operation, content).status_code == 400


@OPERATIONS
@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b'{"title": "\xff\xfe"}', id="not UTF-8"),
        pytest.param(b'{"title": "\xed\xa0\x80"}', id="a surrogate in UTF-8"),
        pytest.param("{}".encode("utf-16"), id="UTF-16"),
        pytest.param("{}".encode("utf-32"), id="UTF-32"),
        pytest.param('{"value": NaN}', id="NaN"),
        pytest.param('{"value": -Infinity}', id="infinity"),
        pytest.param('{"title": "\\ud800"}', id="a lone surrogate"),
        pytest.param('{"username": "\\udc00\\ud800"}', id="surrogates in the wrong order"),
        pytest.param('{"\\ud800": 1}', id="a lone surrogate in a name"),
        pytest.param('{"title": ' + "[" * 20_000 + "]" * 20_000 + "}", id="nested arrays"),
        pytest.param('{"title": ' + '{"a":' * 9_000 + "1" + "}" * 9_000 + "}", id="nested objects"),
        pytest.param('{"value": 1' + "0" * 5_000 + "}", id="a number of 5,000 digits"),
        pytest.param('{"value": 1e999}', id="a number beyond any float"),
    ],
)
def test_what_no_system_can_take_is_a_400_or_a_422(send: Sender, operation: str, content: bytes | str) -> None:
    assert send(operation, content).status_code in (400, 422)


@OPERATIONS
@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "json", None]
)
def test_a_body_that_is_not_declared_as_json_is_a_415(send: Sender, operation: str, content_type: str | None) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    assert send(operation, json.dumps(VALID[operation]), headers=headers).status_code == 415


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json; charset=utf-8", "application/json;charset=UTF-8", "Application/JSON"],
)
def test_json_may_name_its_charset(send: Sender, content_type: str) -> None:
    answer = send("revise_me", '{"bio": "Grüße, 日本 🌍"}'.encode(), headers={"Content-Type": content_type})
    assert answer.status_code == 200
    assert answer.json()["bio"] == "Grüße, 日本 🌍"


@OPERATIONS
def test_a_body_over_64_kib_is_a_413(send: Sender, operation: str) -> None:
    body = json.dumps(VALID[operation])
    assert send(operation, body.ljust(LIMIT_BYTES + 1)).status_code == 413
    assert send(operation, body.ljust(LIMIT_BYTES * 4)).status_code == 413


def test_a_body_of_exactly_64_kib_is_taken(send: Sender) -> None:
    assert send("revise_me", "{}".ljust(LIMIT_BYTES)).status_code == 200


@OPERATIONS
def test_an_unknown_field_is_a_422_that_names_it(send: Sender, operation: str) -> None:
    for stranger in ("credits", "id", "score", "is_admin", "__class__", "título"):
        answer = send(operation, json.dumps({**VALID[operation], stranger: 1}))
        assert stranger in broken_fields(answer)


@pytest.mark.parametrize(("operation", "field"), FIELDS)
def test_null_is_a_422_for_every_field(send: Sender, operation: str, field: str) -> None:
    assert field in broken_fields(send(operation, json.dumps({**VALID[operation], field: None})))


@pytest.mark.parametrize(("operation", "field"), FIELDS)
@pytest.mark.parametrize("value", [5.5, {"a": 1}, [[]], False], ids=repr)
def test_a_field_of_another_kind_is_a_422_that_names_it(send: Sender, operation: str, field: str, value: Any) -> None:
    named = broken_fields(send(operation, json.dumps({**VALID[operation], field: value})))
    assert {name.partition("[")[0] for name in named} == {field}


@pytest.mark.parametrize(("operation", "field"), [(op, field) for op, fields in REQUIRED.items() for field in fields])
def test_a_missing_field_is_a_422_that_names_it(send: Sender, operation: str, field: str) -> None:
    form = {name: value for name, value in VALID[operation].items() if name != field}
    assert field in broken_fields(send(operation, json.dumps(form)))


def test_of_duplicate_names_the_last_counts(send: Sender) -> None:
    assert send("revise_me", '{"bio": "first", "bio": "last"}').json()["bio"] == "last"
    assert send("revise_me", '{"bio": 5, "bio": "last"}').status_code == 200
    assert send("revise_me", '{"bio": "first", "bio": 5}').status_code == 422


def test_a_refused_request_changes_nothing(api: Api, ada: Person, send: Sender) -> None:
    before = api.read_me(ada).json()
    bio = unique("bio")
    send("revise_me", json.dumps({"bio": bio, "display_name": ""}))
    send("revise_me", json.dumps({"bio": bio, "credits": 1000}))
    assert api.read_me(ada).json() == before


@pytest.mark.parametrize("path", ["/posts", "/tokens", "/users/me", "/nowhere"])
@pytest.mark.parametrize("size", [LIMIT_BYTES - 1, LIMIT_BYTES + 1, 4 * LIMIT_BYTES])
def test_a_refused_body_leaves_the_connection_usable(api: Api, path: str, size: int) -> None:
    for _ in range(3):
        refused = api.send("POST", path, content="{".ljust(size), headers=JSON)
        assert 400 <= refused.status_code < 500
        assert api.send("GET", "/health").status_code == 200
