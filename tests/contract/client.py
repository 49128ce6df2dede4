"""A client of a system under test. It checks every response against docs/openapi.yaml."""

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx

from tests.conftest import ADMINISTRATOR

from .openapi import check_response

OTHERS_ANSWERED_S = 30.0  # eight cold starts at once take ten seconds on two busy cores
POLL_EVERY_S = 0.05
LONGEST_PAUSE_S = 0.4  # longest pause between two polls; polling faster keeps a busy machine busy
LOST_AFTER_S = 30.0  # extra wait that separates a late value from a lost one
BACKGROUND_S = 5.0  # limit for work after the answer on an implementation with patience 0
Json = dict[str, Any]
Seen = TypeVar("Seen")


@dataclass(frozen=True, slots=True)
class Person:
    """A registered user with a token."""

    username: str
    email: str
    password: str
    token: str


class TooLate(AssertionError):
    """An eventually consistent value arrived after its deadline. A value that never arrives is a plain AssertionError."""


class Api:
    """One implementation behind its base URL. `patience` is its limit for eventual consistency, in seconds."""

    def __init__(self, client: httpx.Client, *, patience: float) -> None:
        self.client = client
        self.patience = patience
        self._crowd: list[Person] = []

    def send(self, method: str, path: str, *, by: Person | str | None = None, **options: Any) -> httpx.Response:
        """Send a request as a user, with a raw token or without one. Check the response and return it.

        A 429 of a gateway says only that the server is busy, so the request is sent again.
        """
        headers = dict(options.pop("headers", None) or {})
        if by is not None:
            headers["Authorization"] = f"Bearer {by.token if isinstance(by, Person) else by}"
        deadline = time.monotonic() + OTHERS_ANSWERED_S
        while True:
            response = self.client.request(method, path, headers=headers, **options)
            check_response(response, path=path)
            if not _is_busy(response) or time.monotonic() >= deadline:
                return response
            time.sleep(POLL_EVERY_S)

    def eventually(self, promise: Callable[[], Seen], *, least: float = 0) -> Seen:
        """Call the promise until it raises no AssertionError, within the patience. Return its result.

        least: lower bound of the limit in seconds, for values that are eventually consistent on every implementation.
        Raise TooLate if the promise holds after the limit, and its AssertionError if it never holds.
        """
        deadline = time.monotonic() + max(self.patience, least)
        try:
            return _await_promise(promise, until=deadline)
        except AssertionError as missed:
            if self.patience:
                _await_promise(promise, until=deadline + LOST_AFTER_S)
                raise TooLate(str(missed)) from missed
            raise

    def register(self, **form: Any) -> httpx.Response:
        return self.send("POST", "/users", json=form)

    def sign_in(self, **form: Any) -> httpx.Response:
        return self.send("POST", "/tokens", json=form)

    def read_me(self, by: Person | str | None) -> httpx.Response:
        return self.send("GET", "/users/me", by=by)

    def revise_me(self, by: Person | str | None, **form: Any) -> httpx.Response:
        return self.send("PATCH", "/users/me", by=by, json=form)

    def read_user(self, username: str) -> httpx.Response:
        return self.send("GET", f"/users/{username}")

    def publish(self, by: Person | str | None, **form: Any) -> httpx.Response:
        return self.send("POST", "/posts", by=by, json=form)

    def list_posts(self, **query: Any) -> httpx.Response:
        return self.send("GET", "/posts", params=query)

    def read_post(self, post_id: str) -> httpx.Response:
        return self.send("GET", f"/posts/{post_id}")

    def revise_post(
        self, by: Person | str | None, post_id: str, *, if_match: str | None = None, **form: Any
    ) -> httpx.Response:
        headers = {} if if_match is None else {"If-Match": if_match}
        return self.send("PATCH", f"/posts/{post_id}", by=by, json=form, headers=headers)

    def withdraw(self, by: Person | str | None, post_id: str) -> httpx.Response:
        return self.send("DELETE", f"/posts/{post_id}", by=by)

    def cast(self, by: Person | str | None, post_id: str, *, value: Any) -> httpx.Response:
        return self.send("PUT", f"/posts/{post_id}/vote", by=by, json={"value": value})

    def retract(self, by: Person | str | None, post_id: str) -> httpx.Response:
        return self.send("DELETE", f"/posts/{post_id}/vote", by=by)

    def leaderboard(self, **query: Any) -> httpx.Response:
        return self.send("GET", "/leaderboard", params=query)

    def trending(self, **query: Any) -> httpx.Response:
        return self.send("GET", "/trending", params=query)

    def search(self, q: str, **query: Any) -> httpx.Response:
        return self.send("GET", "/search", params={"q": q, **query})

    def give_feedback(self, **form: Any) -> httpx.Response:
        return self.send("POST", "/feedback", json=form)

    def list_feedback(self, by: Person | str | None, **query: Any) -> httpx.Response:
        return self.send("GET", "/feedback", by=by, params=query)

    def place(self, by: Person | str | None, *lines: Json, key: str | None = None) -> httpx.Response:
        """Place an order, with a new idempotency key by default."""
        headers = {"Idempotency-Key": unique("key") if key is None else key}
        return self.send("POST", "/orders", by=by, json={"lines": lines}, headers=headers)

    def list_orders(self, by: Person | str | None, **query: Any) -> httpx.Response:
        return self.send("GET", "/orders", by=by, params=query)

    def read_order(self, by: Person | str | None, order_id: str) -> httpx.Response:
        return self.send("GET", f"/orders/{order_id}", by=by)

    def upload_avatar(
        self, by: Person | str | None, picture: bytes, content_type: str | None = "image/png"
    ) -> httpx.Response:
        headers = {} if content_type is None else {"Content-Type": content_type}
        return self.send("PUT", "/users/me/avatar", by=by, content=picture, headers=headers)

    def read_avatar(self, username: str) -> httpx.Response:
        return self.send("GET", f"/users/{username}/avatar")

    def join(self, prefix: str = "p") -> Person:
        """Register a new user and sign in."""
        return self.join_as(unique(prefix))

    def join_as(self, username: str) -> Person:
        """Register a user under that name and sign in."""
        email, password = f"{username}@example.org", f"secret of {username}"
        assert self.register(username=username, email=email, password=password).status_code == 201
        return self.sign_in_again(username)

    def sign_in_again(self, username: str) -> Person:
        """Sign in a user who has signed up before."""
        email, password = f"{username}@example.org", f"secret of {username}"
        signed_in = self.sign_in(username=username, password=password)
        assert signed_in.status_code == 201
        return Person(username, email, password, signed_in.json()["access_token"])

    def administrator(self) -> Person:
        """Return the administrator, signed up by the first test that needs one."""
        email, password = f"{ADMINISTRATOR}@example.org", f"secret of {ADMINISTRATOR}"
        assert self.register(username=ADMINISTRATOR, email=email, password=password).status_code in (201, 409)
        return self.sign_in_again(ADMINISTRATOR)

    def crowd(self, size: int) -> list[Person]:
        """Return this many signed-in users. Users of earlier calls are used again."""
        while len(self._crowd) < size:
            self._crowd.append(self.join("crowd"))
        return self._crowd[:size]

    def published(self, by: Person, **form: Any) -> Json:
        """Publish a post, with a default title and body, and return it."""
        answer = self.publish(by, **{"title": "A title", "body": "A body", **form})
        assert answer.status_code == 201, answer.text
        post: Json = answer.json()
        return post

    def post(self, post_id: str) -> Json:
        """Return an existing post."""
        answer = self.read_post(post_id)
        assert answer.status_code == 200, answer.text
        post: Json = answer.json()
        return post

    def score_settles(self, post_id: str, score: int) -> None:
        """Wait until the post shows that score."""

        def shown() -> None:
            assert self.post(post_id)["score"] == score

        self.eventually(shown)

    def order_settles(self, by: Person, placed: httpx.Response) -> Json:
        """Return the order from an answer to `place` when it is no longer pending."""
        assert placed.status_code in (200, 201), placed.text

        def settled() -> Json:
            order: Json = self.read_order(by, placed.json()["id"]).json()
            assert order["status"] != "pending", order
            return order

        return self.eventually(settled)

    def avatar_settles(self, username: str, shown: Callable[[bytes], bool]) -> bytes:
        """Return a user's thumbnail when `shown` accepts it. Every implementation makes it after the answer."""

        def seen() -> bytes:
            answer = self.read_avatar(username)
            assert answer.status_code == 200
            assert shown(answer.content)
            content: bytes = answer.content
            return content

        return self.eventually(seen, least=BACKGROUND_S)

    def walk(self, path: str, **query: Any) -> Iterator[list[Json]]:
        """Yield the pages of a list from the first to the last."""
        return self.walk_as(None, path, **query)

    def walk_as(self, by: Person | None, path: str, **query: Any) -> Iterator[list[Json]]:
        """Yield the pages of a list as this user."""
        while True:
            answer = self.send("GET", path, by=by, params=query)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            yield page["items"]
            if page["next_cursor"] is None:
                return
            query = {**query, "cursor": page["next_cursor"]}


def _is_busy(response: httpx.Response) -> bool:
    """Return whether the server had no capacity. A 429 of the contract refuses too many sign-in attempts."""
    return response.status_code == 429 and "/problems/too-many-attempts" not in response.text


def _await_promise(promise: Callable[[], Seen], *, until: float) -> Seen:
    """Call the promise until it holds or the deadline is over. Raise its last AssertionError then."""
    pause = POLL_EVERY_S
    while True:
        try:
            return promise()
        except AssertionError:
            left = until - time.monotonic()
            if left <= 0:
                raise
        time.sleep(min(pause, left))
        pause = min(1.5 * pause, LONGEST_PAUSE_S)


def unique(prefix: str) -> str:
    """Return a new name that is valid as a username, a tag and a search term."""
    return f"{prefix}{secrets.token_hex(6)}"


def broken_fields(response: httpx.Response) -> set[str]:
    """Return the names of the invalid fields of a 422."""
    assert response.status_code == 422, response.text
    return {error["field"] for error in response.json()["errors"]}
