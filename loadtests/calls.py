"""The operations of the contract as calls: what is sent, and what a right answer looks like.

A check looks at the body, not only at the status: a generator that counts a wrong body as success measures nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import msgspec

POST_FIELDS = {"id", "author", "title", "body", "tags", "score", "boosted_until", "created_at", "updated_at"}


class WrongOutcome(Exception):
    """The status was the expected one, the answer was not."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; status 0 means that nothing did, and `failure` says why."""

    status: int
    body: bytes = b""
    failure: str = ""

    def json(self) -> Any:
        """Return the body as JSON. Raise WrongOutcome if it is none."""
        try:
            return msgspec.json.decode(self.body)
        except msgspec.DecodeError as broken:
            raise WrongOutcome(f"no JSON: {broken}") from broken

    def record(self) -> dict[str, Any]:
        """Return the body as a JSON object. Raise WrongOutcome if it is none."""
        value = self.json()
        require(isinstance(value, dict), "a JSON object")
        return dict(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request and the answer it must have. `operation` names it in statistics, `token` is the caller's."""

    operation: str
    path: str
    check: Callable[[Answer], None]
    expected: int = 200
    body: dict[str, Any] | None = None
    token: str | None = None

    @property
    def method(self) -> str:
        return self.operation.split()[0]


def unchecked(answer: Answer) -> None:
    """Take any body: the caller looks at it."""


def require(holds: bool, wanted: str) -> None:
    """Raise WrongOutcome naming what was wanted unless it holds."""
    if not holds:
        raise WrongOutcome(f"wanted {wanted}")


def sign_up(username: str, password: str) -> Call:
    """A new user, public fields only."""
    form = {"username": username, "email": f"{username}@example.com", "password": password}

    def check(answer: Answer) -> None:
        require(answer.record().get("username") == username, f"the user {username}")

    return Call(operation="POST /users", path="/users", expected=201, body=form, check=check)


def sign_in(username: str, password: str) -> Call:
    """A token."""
    form = {"username": username, "password": password}

    def check(answer: Answer) -> None:
        require(bool(answer.record().get("access_token")), "a token")

    return Call(operation="POST /tokens", path="/tokens", expected=201, body=form, check=check)


def list_posts(limit: int = 20) -> Call:
    """The newest posts, which must come newest first; a system under load always has some."""

    def check(answer: Answer) -> None:
        items = _items(answer, limit)
        require(bool(items), "posts")
        require(all(item.keys() >= POST_FIELDS for item in items), "every field of every post")
        stamps = [(item["created_at"], item["id"]) for item in items]
        require(stamps == sorted(stamps, reverse=True), "posts newest first")

    return Call(operation="GET /posts", path=f"/posts?limit={limit}", check=check)


def read_post(post_id: str, title: str | None = None) -> Call:
    """One post; with a title, the post must carry it."""

    def check(answer: Answer) -> None:
        post = answer.record()
        require(post.get("id") == post_id and post.keys() >= POST_FIELDS, f"the post {post_id}")
        require(title is None or post["title"] == title, f"the title {title!r}")

    return Call(operation="GET /posts/{post_id}", path=f"/posts/{post_id}", check=check)


def read_user(username: str) -> Call:
    """One public user, without what only the user may see."""

    def check(answer: Answer) -> None:
        user = answer.record()
        require(user.get("username") == username, f"the user {username}")
        require("email" not in user, "no email in a public user")

    return Call(operation="GET /users/{username}", path=f"/users/{username}", check=check)


def publish(form: dict[str, Any], token: str) -> Call:
    """A new post, which must come back as it was sent."""

    def check(answer: Answer) -> None:
        post = answer.record()
        require(post.keys() >= POST_FIELDS, "every field of the post")
        require({name: post[name] for name in form} == form, "the post as sent")

    return Call(operation="POST /posts", path="/posts", expected=201, body=form, token=token, check=check)


def revise(post_id: str, title: str, token: str) -> Call:
    """A new title for one's own post."""

    def check(answer: Answer) -> None:
        post = answer.record()
        require(post.get("id") == post_id and post.get("title") == title, f"{post_id} titled {title!r}")

    return Call(
        operation="PATCH /posts/{post_id}", path=f"/posts/{post_id}", body={"title": title}, token=token, check=check
    )


def cast(post_id: str, value: int, token: str) -> Call:
    """A vote, which must be confirmed as cast."""

    def check(answer: Answer) -> None:
        wanted = {"post_id": post_id, "value": value}
        require(answer.record() == wanted, f"{wanted}")

    return Call(
        operation="PUT /posts/{post_id}/vote",
        path=f"/posts/{post_id}/vote",
        body={"value": value},
        token=token,
        check=check,
    )


def leaderboard(limit: int = 20) -> Call:
    """The board, ranked without gaps and by falling score."""

    def check(answer: Answer) -> None:
        items = _items(answer, limit)
        require([item.get("rank") for item in items] == list(range(1, len(items) + 1)), "ranks 1, 2, 3 …")
        scores = [item["score"] for item in items]
        require(scores == sorted(scores, reverse=True), "falling scores")

    return Call(operation="GET /leaderboard", path=f"/leaderboard?limit={limit}", check=check)


def leaderboard_page() -> Call:
    """The board as a static page, whole and without scripts."""

    def check(answer: Answer) -> None:
        page = answer.body.lower()
        require(b"</html>" in page and b"<script" not in page, "a whole page without scripts")

    return Call(operation="GET /leaderboard.html", path="/leaderboard.html", check=check)


def search(words: str, limit: int = 20) -> Call:
    """Posts that hold the words, best first; words of the seeded posts always find something."""

    def check(answer: Answer) -> None:
        items = _items(answer, limit)
        require(bool(items), f"a post with {words!r}")
        relevances = [item["relevance"] for item in items]
        require(min(relevances) > 0 and relevances == sorted(relevances, reverse=True), "falling relevance")

    return Call(operation="GET /search", path=f"/search?{urlencode({'q': words, 'limit': limit})}", check=check)


def _items(answer: Answer, limit: int) -> list[dict[str, Any]]:
    items = answer.record().get("items")
    if not isinstance(items, list):
        raise WrongOutcome("wanted items")
    require(all(isinstance(item, dict) for item in items), "items that are objects")
    require(len(items) <= limit, f"at most {limit} items")
    return items
