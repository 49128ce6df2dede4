"""Unit 1: send the same requests to both systems and show the fields of the first answer that differs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from workshop.checking import ANSWERS, CheckFailed, read_answers
from workshop.checks.both_systems import both_systems, sign_up

UNKNOWN_POST = "01M7X1YXN3SBB3DZEFS5FNXBMV"
POST = {"title": "A title", "body": "A body", "tags": ["one"]}
# Method, path, body. {post} is a post of the user.
REQUESTS: tuple[tuple[str, str, Any], ...] = (
    ("GET", "/posts/{post}", None),
    ("GET", f"/posts/{UNKNOWN_POST}", None),
    ("GET", "/posts?limit=0", None),
    ("GET", "/search?q=", None),
    ("POST", "/posts", {**POST, "title": " "}),
    ("POST", "/posts", {**POST, "tags": ["a", "a"]}),
    ("POST", "/posts", {**POST, "score": 5}),
    ("PATCH", "/posts/{post}", {"title": ""}),
    ("PUT", "/posts/{post}/vote", {"value": 1}),
    ("PUT", f"/posts/{UNKNOWN_POST}/vote", {"value": 1}),
    ("PUT", "/posts/{post}/vote", {"value": 2}),
    ("PUT", "/posts/{post}/vote", {"value": "up"}),
    ("DELETE", "/posts/{post}/vote", None),
    ("PATCH", "/users/me", {"display_name": ""}),
)
RIGHT_FIELD = "value"  # docs/openapi.yaml, NewVote
SIDES = ("monolith", "microservices")
_HEADERS = ("retry-after", "www-authenticate")
_OWN = ("id", "created_at", "updated_at", "score", "post_id")  # differ between any two systems, or are eventual


@dataclass(frozen=True, slots=True)
class Visitor:
    """A user of one system, with a post of theirs."""

    client: httpx.Client
    headers: dict[str, str]
    post: str

    def send(self, method: str, path: str, body: Any) -> httpx.Response:
        """Send a request of the list."""
        return self.client.request(method, path.replace("{post}", self.post), json=body, headers=self.headers)


def check() -> None:
    """Compare all answers. Raise CheckFailed with the fields of the first answer that differs."""
    with both_systems() as clients:
        visitors = [_visitor(clients[side]) for side in SIDES]
        for request in REQUESTS:
            first, second = (dict(_fields(visitor.send(*request))) for visitor in visitors)
            if differing := [name for name in sorted({*first, *second}) if first.get(name) != second.get(name)]:
                raise CheckFailed(_describe(request, [(name, first.get(name), second.get(name)) for name in differing]))
        wrong = visitors[0].send("PUT", "/posts/{post}/vote", {"value": 2}).json()
    if (named := wrong["errors"][0]["field"]) != RIGHT_FIELD:
        raise CheckFailed(
            f"Both sides name the field {named!r} now, but a client sent {RIGHT_FIELD!r}: see NewVote in docs/openapi.yaml."
        )
    answers = read_answers("right_side")
    if answers["right_side"] != SIDES[0]:
        raise CheckFailed(
            f"{ANSWERS}: `right_side` is {answers['right_side']!r}. What does docs/openapi.yaml call the field?"
        )


def _visitor(client: httpx.Client) -> Visitor:
    headers = sign_up(client, "ada_lovelace")
    return Visitor(client, headers, client.post("/posts", json=POST, headers=headers).json()["id"])


def _fields(response: httpx.Response) -> Iterator[tuple[str, Any]]:
    yield "status", response.status_code
    for name in _HEADERS:
        yield f"header {name}", response.headers.get(name)
    if response.content:  # the type of an empty answer means nothing
        yield "header content-type", response.headers.get("content-type")
        yield from _flat("body", response.json())


def _flat(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield every leaf of a JSON value with its path."""
    if isinstance(value, dict):
        for name, each in value.items():
            if name not in _OWN:
                yield from _flat(f"{path}.{name}", each)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _flat(f"{path}[{index}]", each)
    else:
        yield path, value


def _describe(request: tuple[str, str, Any], fields: list[tuple[str, Any, Any]]) -> str:
    method, path, body = request
    lines = ["The two systems differ:", f"  request        {method} {path} {'' if body is None else body}"]
    for name, first, second in fields:
        lines += [f"  field          {name}", f"  monolith       {first!r}", f"  microservices  {second!r}"]
    return "\n".join(lines)
