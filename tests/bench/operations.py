"""The operations that the bench runs, named as in docs/store-calls.md."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from loadtests.data.orders import line
from loadtests.data.pictures import picture
from loadtests.processes import ROOT
from tests.bench.bulk import RARE

FIND = " ".join(RARE)  # words of the bench's own post and of no other
OWN = {"title": f"About {FIND}", "body": "To be read, changed and searched."}
FORM = {"title": "A bench post", "body": "amber river " * 20, "tags": ["bench"]}
WRITTEN = ROOT / "docs" / "store-calls.md"
ROW = re.compile(r"^\| (?P<operation>[^|]+?) \| (?P<services>[^|]+?) \|", re.MULTILINE)
Sent = dict[str, Any]


def _nothing(_: int) -> Sent:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation of a service and its request. fresh: the part that differs in each request, by its number."""

    feature: str
    name: str
    route: str
    status: int = 200
    parameters: dict[str, str] = field(default_factory=dict)
    sent: Sent = field(default_factory=dict)
    fresh: Callable[[int], Sent] = _nothing


def reads(post_id: str) -> list[Operation]:
    """Return the reads that more posts could make slower."""
    return [
        Operation(feature="posts", name="read_post", route="GET /posts/{post_id}", parameters={"post_id": post_id}),
        Operation(feature="posts", name="list_posts", route="GET /posts"),
        Operation(feature="search", name="search, two terms", route="GET /search", sent={"query": {"q": FIND}}),
    ]


def all_of(post_id: str, order_id: str, *, username: str, password: str, run: str) -> list[Operation]:
    """Return all operations. The post, the order and the user's avatar exist. run: makes the names of new users and keys unique."""
    return [
        *_of_posts_and_users(post_id, username, password, run=run),
        *_of_other_rooms(post_id, order_id, username, run=run),
    ]


def _of_posts_and_users(post_id: str, username: str, password: str, *, run: str) -> list[Operation]:
    mine, own = {"post_id": post_id}, {"username": username}

    def newcomer(number: int) -> Sent:
        name = f"b{run}_{number}"
        return {"body": {"username": name, "email": f"{name}@example.com", "password": password}}

    return [
        *reads(post_id)[:2],
        Operation(feature="posts", name="publish", route="POST /posts", status=201, sent={**own, "body": FORM}),
        Operation(
            feature="posts", name="revise_post", route="PATCH /posts/{post_id}", parameters=mine, sent=own,
            fresh=lambda number: {"body": {"title": f"{OWN['title']} {number}"}},
        ),
        Operation(
            feature="votes", name="cast", route="PUT /posts/{post_id}/vote", parameters=mine, sent=own,
            fresh=lambda number: {"body": {"value": 1 if number % 2 else -1}},
        ),
        Operation(feature="votes", name="leaderboard", route="GET /leaderboard"),
        Operation(feature="users", name="read_user", route="GET /users/{username}", parameters=own),
        Operation(feature="users", name="read_me", route="GET /users/me", sent=own),
        Operation(
            feature="users", name="revise_me", route="PATCH /users/me", sent=own,
            fresh=lambda number: {"body": {"bio": f"Number {number}"}},
        ),
        Operation(feature="users", name="register", route="POST /users", status=201, fresh=newcomer),
        Operation(
            feature="users", name="sign_in", route="POST /tokens", status=201,
            sent={"body": {"username": username, "password": password}},
        ),
        Operation(feature="search", name="search, two terms", route="GET /search", sent={"query": {"q": FIND}}),
    ]  # fmt: skip


def _of_other_rooms(post_id: str, order_id: str, username: str, *, run: str) -> list[Operation]:
    own, lines = {"username": username}, {"lines": [line(post_id)]}

    def ordered(number: int) -> Sent:
        return {"headers": {"idempotency-key": f"{run}-{number}"}}

    return [
        Operation(
            feature="feedback", name="give_feedback", route="POST /feedback", status=201, sent={"body": {"message": "Well done"}}
        ),
        Operation(
            feature="orders", name="place", route="POST /orders", status=201, sent={**own, "body": lines}, fresh=ordered
        ),
        Operation(feature="orders", name="list_orders", route="GET /orders", sent=own),
        Operation(
            feature="orders", name="read_order", route="GET /orders/{order_id}", parameters={"order_id": order_id}, sent=own
        ),
        Operation(feature="trending", name="trending", route="GET /trending"),
        Operation(
            feature="avatars", name="upload_avatar", route="PUT /users/me/avatar", status=202,
            sent={**own, "content": picture("bench"), "headers": {"content-type": "image/png"}},
        ),
        Operation(feature="avatars", name="read_avatar", route="GET /users/{username}/avatar", parameters=own),
    ]  # fmt: skip


def written_calls() -> dict[str, list[str]]:
    """Return the store calls that docs/store-calls.md lists for each operation of the services."""
    return {row["operation"]: row["services"].split(", ") for row in ROW.finditer(WRITTEN.read_text())}
