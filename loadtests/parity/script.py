"""The requests of the parity check: those of checks.yaml, and those that depend on earlier answers, such as the life of a post."""

import re
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import yaml

from loadtests.data.orders import NO_POST, line
from loadtests.data.pictures import picture
from loadtests.data.world import World
from loadtests.systems import ADMINISTRATOR

PNG, JPEG = {"Content-Type": "image/png"}, {"Content-Type": "image/jpeg"}
TOO_LARGE = 2**20 + 1
AVATAR = "/users/me/avatar"
LISTED = Path(__file__).with_name("checks.yaml")
# A system has one administrator. The contract tests use it too, so both know its password.
PASSWORD = f"secret of {ADMINISTRATOR}"
SIGN_UP = {"username": ADMINISTRATOR, "email": f"{ADMINISTRATOR}@example.org", "password": PASSWORD}


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One request to both systems, whose answers must be equal.

    raw: a body that is sent unchanged. status_only: compare nothing else, because a gateway may answer in its own words.
    ignoring: members of the answer that may differ. until: repeat the request until this is true of the answer.
    eventual: repeat the request on both sides until the answers are equal. Both are bounded by EVENTUALLY_S.
    """

    name: str
    method: str = "GET"
    path: str
    body: Any = None
    raw: bytes | str | None = None
    token: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    status_only: bool = False
    ignoring: Sequence[str] = ()
    until: Callable[[httpx.Response], bool] | None = None
    eventual: bool = False


Script = Generator[Check, httpx.Response, None]


def script(world: World, *, alone: bool) -> Script:
    """Yield all checks of one system, and receive the answer to each, because later checks depend on it.

    alone: the system has only the seeded data, so whole lists must be equal, and the administrator can sign up.
    """
    yield from _pages(world)
    if alone:
        yield from _lists(world)
        yield from _administration()
    yield from listed_checks(world)
    yield from _avatars(world)
    yield from _life_of_a_post(world)
    yield from _life_of_an_order(world)


def listed_checks(world: World) -> Iterator[Check]:
    """Yield the checks of checks.yaml, with the ids, names and tokens of a system's data."""
    names = {"post": world.hot.id, "post 3": world.posts[3].id, "no post": NO_POST}
    for number, account in enumerate(world.accounts[:2]):
        names |= {f"user {number}": account.username, f"token {number}": account.token}
    text = re.sub(r"<(\d+) x>", lambda match: int(match[1]) * "x", LISTED.read_text(encoding="utf-8"))
    text = re.sub("<([a-z]+( \\d| post)?)>", lambda match: names[match[1]], text)
    for fields in yaml.load(text, Loader=yaml.CSafeLoader)["checks"]:
        method, path = fields.pop("send").split(" ", 1)
        yield Check(method=method, path=path, **fields)


def _pages(world: World) -> Script:
    own = f"/posts?author={world.accounts[0].username}&limit=2"
    page = yield Check(name="a page of an author's posts", path=own)
    yield Check(name="the page after it", path=f"{own}&cursor={page.json()['next_cursor']}")


def _lists(world: World) -> Script:
    yield Check(name="newest posts", path="/posts?limit=50")
    yield Check(name="posts with a tag", path="/posts?tag=amber")
    yield Check(name="the leaderboard", path="/leaderboard?limit=100", eventual=True)
    yield Check(name="the leaderboard's page", path="/leaderboard.html", eventual=True)
    for words in ("amber", "amber river", world.posts[3].title, "the of and", "nothingholdsthis", "Rivers'"):
        path = str(httpx.URL("/search", params={"q": words, "limit": 50}))
        yield Check(name=f"search {words!r}", path=path, eventual=True)


def _administration() -> Script:
    yield Check(name="the administrator signs up", method="POST", path="/users", body=SIGN_UP)
    credentials = {"username": ADMINISTRATOR, "password": PASSWORD}
    answer = yield Check(name="the administrator signs in", method="POST", path="/tokens", body=credentials)
    token = answer.json().get("access_token", "none")
    page = yield Check(name="the newest feedback", path="/feedback?limit=3", token=token)
    cursor = page.json().get("next_cursor")
    yield Check(name="the feedback before it", path=f"/feedback?limit=3&cursor={cursor}", token=token)


def _avatars(world: World) -> Iterator[Check]:
    upload = partial(Check, method="PUT", path=AVATAR, headers=PNG, token=world.accounts[1].token)
    yield upload(name="an avatar without a token", raw=b"x", token=None, status_only=True)
    yield upload(name="an avatar of another type", raw=b"GIF89a", headers={"Content-Type": "image/gif"})
    yield upload(name="an avatar that is no image", raw=b"no image")
    yield upload(name="an avatar with a wrong type", raw=picture("a"), headers=JPEG)
    yield upload(name="a truncated avatar", raw=picture("a")[:60])
    yield upload(name="a large avatar", raw=bytes(TOO_LARGE), status_only=True)
    yield upload(name="a good avatar", raw=picture("a"))


def _life_of_a_post(world: World) -> Script:
    token, form = world.accounts[2].token, {"title": "Zoë ✓", "body": "Né à l'été"}
    answer = yield Check(name="publish", method="POST", path="/posts", body=form, token=token)
    path = f"/posts/{answer.json().get('id', 'none')}"
    post = yield Check(name="read it", path=path)
    revise = partial(Check, method="PATCH", path=path, token=token)
    as_read = {"If-Match": post.headers.get("etag", '"none"')}
    yield revise(name="an empty change", body={})
    yield revise(name="revise with the current ETag", body={"title": "Zoë again"}, headers=as_read)
    yield revise(name="revise with an old ETag", body={"title": "Late"}, headers=as_read)
    yield Check(name="vote", method="PUT", path=f"{path}/vote", body={"value": -1}, token=token)
    yield Check(name="retract the vote", method="DELETE", path=f"{path}/vote", token=token)
    yield Check(name="retract no vote", method="DELETE", path=f"{path}/vote", token=token)
    yield Check(name="delete", method="DELETE", path=path, token=token)
    yield Check(name="read a deleted post", path=path)
    yield Check(name="delete a deleted post", method="DELETE", path=path, token=token)


def _life_of_an_order(world: World) -> Script:
    """Yield one order of each outcome. An order is pending for a while on one side only, so each is compared once settled."""
    buyer, other, post = world.accounts[2], world.accounts[1], world.posts[3].id
    for name, lines in (
        ("two boosts", [line(post), line(post, "boost-1d", 2)]),
        ("a boost of no post", [line(post), line(NO_POST)]),
        ("too few credits", [line(post, "boost-7d", 3)]),
    ):
        key = _key(uuid4().hex)
        place = partial(
            Check, method="POST", path="/orders", token=buyer.token, headers=key, ignoring=("status", "reason")
        )
        answer = yield place(name=name, body={"lines": lines})
        yield place(name=f"{name}, again", body={"lines": lines})
        yield place(name=f"{name}, the key of another order", body={"lines": lines[:1] * 3})
        path = f"/orders/{answer.json().get('id', 'none')}"
        yield Check(name=f"{name}, settled", path=path, token=buyer.token, until=_is_settled)
        yield Check(name=f"{name}, read by another user", path=path, token=other.token)
    yield Check(name="own orders", path="/orders", token=buyer.token)
    yield Check(name="remaining credits", path="/users/me", token=buyer.token)
    yield Check(name="the boosted post", path=f"/posts/{post}")


def _is_settled(answer: httpx.Response) -> bool:
    return bool(answer.json().get("status") != "pending")


def _key(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}
