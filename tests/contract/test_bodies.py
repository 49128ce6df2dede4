"""Operations refuse invalid bodies: bytes, content type, size and fields."""

import json
from collections.abc import Iterable
from typing import Any

import httpx
import pytest

from .client import Api, Person, broken_fields, unique

pytestmark = [pytest.mark.live_api, pytest.mark.real_server]

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
UNREADABLE: dict[str, bytes | str] = {
    "not UTF-8": b'{"title": "\xff\xfe"}',
    "a surrogate in UTF-8": b'{"title": "\xed\xa0\x80"}',
    "UTF-16": "{}".encode("utf-16"),
    "UTF-32": "{}".encode("utf-32"),
    "NaN": '{"value": NaN}',
    "infinity": '{"value": -Infinity}',
    "a lone surrogate": '{"title": "\\ud800"}',
    "surrogates in the wrong order": '{"username": "\\udc00\\ud800"}',
    "a lone surrogate in a name": '{"\\ud800": 1}',
    "nested arrays": '{"title": ' + "[" * 20_000 + "]" * 20_000 + "}",
    "nested objects": '{"title": ' + '{"a":' * 9_000 + "1" + "}" * 9_000 + "}",
    "a number of 5,000 digits": '{"value": 1' + "0" * 5_000 + "}",
    "a number beyond any float": '{"value": 1e999}',
}
FIELDS = [(operation, field) for operation, form in VALID.items() for field in form] + [("register", "display_name")]
ONE_OF_A_TYPE = [("revise_me", "bio"), ("publish", "tags"), ("cast", "value")]
OWN_FIELD = [  # a body is read differently where the operation knows its field
    (operation, name)
    for name, body in UNREADABLE.items()
    for operation, field in (("publish", "title"), ("cast", "value"), ("register", "username"))
    if f'"{field}"' in str(body)
]
every_operation = pytest.mark.parametrize("operation", VALID)
ONE = "revise_me"  # gets every hostile body; the other operations get the first of each kind


def operations_and(name: str, bodies: list[Any], more: Iterable[tuple[str, Any]] = ()) -> pytest.MarkDecorator:
    """Parametrize with all bodies for one operation, with the first body for every other one, and with more pairs."""
    pairs = [(ONE, body) for body in bodies] + [(operation, bodies[0]) for operation in VALID]
    return pytest.mark.parametrize(("operation", name), list(dict.fromkeys([*pairs, *more])))


@pytest.fixture(scope="module")
def post_id(api: Api, ada: Person) -> str:
    """A post of Ada's that no test changes."""
    new_id: str = api.published(ada)["id"]
    return new_id


class Sender:
    """Send raw bodies to the operations that take one."""

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

    def __call__(
        self, operation: str, content: bytes | str | Iterable[bytes], *, headers: dict[str, str] = JSON
    ) -> httpx.Response:
        method, path = self._places[operation]
        with_key = {**headers, "Idempotency-Key": unique("key")}  # one operation requires it
        return self._api.send(method, path, by=self._ada, content=content, headers=with_key)


@pytest.fixture(scope="module")
def send(api: Api, ada: Person, post_id: str) -> Sender:
    return Sender(api, ada, post_id)


@operations_and("content", ["{", "", "{'title': 1}", '{"a": 1,}', "{} {}", "nonsense", '{"a" "b"}'])
def test_malformed_json_is_a_400(send: Sender, operation: str, content: str) -> None:
    assert send(operation, content).status_code == 400


@operations_and("content", ["[]", '"text"', "1", "null", "true", "[{}]"])
def test_a_body_that_is_not_an_object_is_a_400(send: Sender, operation: str, content: str) -> None:
    assert send(operation, content).status_code == 400


@operations_and("name", list(UNREADABLE), more=OWN_FIELD)
def test_a_body_that_cannot_be_read_is_a_400_or_a_422(send: Sender, operation: str, name: str) -> None:
    assert send(operation, UNREADABLE[name]).status_code in (400, 422)


@operations_and("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "json", None])
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


@every_operation
def test_a_body_over_64_kib_is_a_413(send: Sender, operation: str) -> None:
    body = json.dumps(VALID[operation])
    assert send(operation, body.ljust(LIMIT_BYTES + 1)).status_code == 413
    assert send(operation, body.ljust(LIMIT_BYTES * 4)).status_code == 413


@pytest.mark.parametrize("size", [LIMIT_BYTES + 1, 32 * LIMIT_BYTES])
def test_a_body_over_64_kib_in_chunks_is_a_413_and_stores_nothing(
    api: Api, ada: Person, send: Sender, size: int
) -> None:
    bio = unique("bio")
    body = json.dumps({"bio": bio}).ljust(size).encode()
    assert send("revise_me", (body[at : at + 1024] for at in range(0, size, 1024))).status_code == 413
    assert api.read_me(ada).json()["bio"] != bio


def test_a_body_of_exactly_64_kib_is_accepted(send: Sender) -> None:
    assert send("revise_me", "{}".ljust(LIMIT_BYTES)).status_code == 200


@every_operation
def test_an_unknown_field_is_a_422_that_names_it(send: Sender, operation: str) -> None:
    for stranger in ("credits", "id", "score", "is_admin", "__class__", "título"):
        answer = send(operation, json.dumps({**VALID[operation], stranger: 1}))
        assert stranger in broken_fields(answer)


@pytest.mark.parametrize(("operation", "field"), FIELDS)
def test_null_is_a_422_for_every_field(send: Sender, operation: str, field: str) -> None:
    assert field in broken_fields(send(operation, json.dumps({**VALID[operation], field: None})))


@pytest.mark.parametrize(
    ("operation", "field", "value"),
    [(*each, 5.5) for each in FIELDS] + [(*each, value) for each in ONE_OF_A_TYPE for value in ({"a": 1}, [[]], False)],
    ids=str,
)
def test_a_field_of_another_type_is_a_422_that_names_it(send: Sender, operation: str, field: str, value: Any) -> None:
    named = broken_fields(send(operation, json.dumps({**VALID[operation], field: value})))
    assert {name.partition("[")[0] for name in named} == {field}


@pytest.mark.parametrize(("operation", "field"), [(op, field) for op, fields in REQUIRED.items() for field in fields])
def test_a_missing_field_is_a_422_that_names_it(send: Sender, operation: str, field: str) -> None:
    form = {name: value for name, value in VALID[operation].items() if name != field}
    assert field in broken_fields(send(operation, json.dumps(form)))


def test_the_last_of_duplicate_fields_counts(send: Sender) -> None:
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
