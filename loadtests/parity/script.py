"""The requests of the parity check: reads, every kind of refusal, and the life of a post and of an order."""

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import uuid4

import httpx

from loadtests.data.orders import NO_POST, line
from loadtests.data.pictures import picture
from loadtests.data.world import World, post_form
from loadtests.systems import ADMINISTRATOR

PNG, JPEG = {"Content-Type": "image/png"}, {"Content-Type": "image/jpeg"}
TOO_LARGE = 2**20 + 1
AVATAR = "/users/me/avatar"
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
    raw: bytes | None = None
    token: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    status_only: bool = False
    ignoring: tuple[str, ...] = ()
    until: Callable[[httpx.Response], bool] | None = None
    eventual: bool = False


Script = Generator[Check, httpx.Response, None]


def script(world: World, *, alone: bool) -> Script:
    """Yield all checks of one system, and receive the answer to each, because later checks depend on it.

    alone: the system has only the seeded data, so whole lists must be equal, and the administrator can sign up.
    """
    yield from _reads(world)
    if alone:
        yield from _lists(world)
        yield from _administration()
    yield from _refused_posts(world)
    yield from _refused_votes_and_changes(world)
    yield from _feedback(world)
    yield from _avatars(world)
    yield from _life_of_a_post(world)
    yield from _refused_orders(world)
    yield from _life_of_an_order(world)


def _reads(world: World) -> Script:
    author = world.accounts[0]
    own = f"/posts?author={author.username}&limit=2"
    yield Check(name="health", path="/health")
    yield Check(name="the OpenAPI description", path="/openapi.json")
    page = yield Check(name="a page of an author's posts", path=own)
    yield Check(name="the page after it", path=f"{own}&cursor={page.json()['next_cursor']}")
    yield Check(name="posts of an unknown author", path="/posts?author=nobody_here")
    yield Check(name="one post", path=f"/posts/{world.posts[3].id}")
    yield Check(name="a public user", path=f"/users/{author.username}")
    yield Check(name="own user", path="/users/me", token=author.token)
    yield Check(name="an avatar", path=f"/users/{author.username}/avatar")
    # Seeding polls posts until they are complete, and each poll counts as a view.
    yield Check(name="trending", path="/trending?limit=3", ignoring=("items",))
    yield Check(name="a file of the site", path="/site/leaderboard.css")
    yield Check(name="an unknown file of the site", path="/site/nothing.css", status_only=True)


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


def _refused_posts(world: World) -> Iterator[Check]:
    publish = partial(Check, method="POST", path="/posts", token=world.accounts[1].token)
    good = post_form("of the probes")
    yield publish(name="no token", body=good, token=None, status_only=True)
    yield publish(name="a bad token", body=good, token="not.a.token")  # noqa: S106
    yield publish(name="malformed JSON", raw=b'{"title": ')
    yield publish(name="a body that is no object", body=[1])
    yield publish(name="another content type", raw=b"a=b", headers={"Content-Type": "text/plain"})
    for name, change in (
        ("a blank title", {"title": "  "}),
        ("a long title", {"title": "x" * 201}),
        ("a null body", {"body": None}),
        ("a bad tag", {"tags": ["Not so"]}),
        ("a repeated tag", {"tags": ["a", "a"]}),
        ("an unknown field", {"score": 5}),
    ):
        yield publish(name=name, body={**good, **change})
    for query in ("limit=0", "limit=101", "limit=x", "cursor=x", "author=a&tag=b"):
        yield Check(name=f"posts, {query}", path=f"/posts?{query}")
    yield Check(name="an empty search", path="/search?q=")


def _refused_votes_and_changes(world: World) -> Iterator[Check]:
    token, own = world.accounts[1].token, f"/posts/{world.posts[0].id}"
    taken = {"username": world.accounts[0].username, "email": "somebody@example.com", "password": "long enough for all"}
    unknown = {"username": "nobody_here", "password": "wrong password"}
    vote_for_none = f"/posts/{NO_POST}/vote"
    yield Check(name="an unknown path", path="/nowhere", status_only=True)
    yield Check(name="an unknown post", path=f"/posts/{NO_POST}")
    yield Check(name="an unknown user", path="/users/nobody_here")
    yield Check(name="a taken username", method="POST", path="/users", body=taken)
    yield Check(name="a wrong password", method="POST", path="/tokens", body=unknown)
    yield Check(name="a vote of 2", method="PUT", path=f"{own}/vote", body={"value": 2}, token=token)
    yield Check(name="a vote for no post", method="PUT", path=vote_for_none, body={"value": 1}, token=token)
    yield Check(name="another's post revised", method="PATCH", path=own, body={"title": "Mine"}, token=token)
    yield Check(name="another's post deleted", method="DELETE", path=own, token=token)


def _feedback(world: World) -> Iterator[Check]:
    for name, form in (
        ("feedback", {"message": "Zoë ✓"}),
        ("no feedback", {}),
        ("empty feedback", {"message": ""}),
        ("long feedback", {"message": "x" * 2001}),
        ("feedback with a bad contact", {"message": "Hm", "contact": "nobody"}),
        ("feedback with an unknown field", {"message": "Hm", "administrator": True}),
    ):
        yield Check(name=name, method="POST", path="/feedback", body=form)
    yield Check(name="feedback read by another user", path="/feedback", token=world.accounts[1].token)
    yield Check(name="feedback read without a token", path="/feedback", status_only=True)


def _avatars(world: World) -> Iterator[Check]:
    upload = partial(Check, method="PUT", path=AVATAR, headers=PNG, token=world.accounts[1].token)
    yield Check(name="an unknown user's avatar", path="/users/nobody_here/avatar")
    yield upload(name="an avatar without a token", raw=b"x", token=None, status_only=True)
    yield upload(name="an avatar of another type", raw=b"GIF89a", headers={"Content-Type": "image/gif"})
    yield upload(name="an avatar that is no image", raw=b"no image")
    yield upload(name="an avatar with a wrong type", raw=picture("a"), headers=JPEG)
    yield upload(name="a truncated avatar", raw=picture("a")[:60])
    yield upload(name="a large avatar", raw=bytes(TOO_LARGE), status_only=True)
    yield upload(name="a good avatar", raw=picture("a"))
    for limit in ("0", "101", "x"):
        yield Check(name=f"trending, limit {limit}", path=f"/trending?limit={limit}")


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


def _refused_orders(world: World) -> Iterator[Check]:
    token, good = world.accounts[0].token, line(world.hot.id)
    order = partial(Check, method="POST", path="/orders", body={"lines": [good]}, token=token)
    yield order(name="an order without a token", token=None, status_only=True)
    yield order(name="an order without a key")
    yield order(name="an order with an empty key", headers=_key(""))
    yield order(name="an order with a long key", headers=_key("x" * 65))
    for name, form in (
        ("nothing", {}),
        ("no lines", {"lines": []}),
        ("eleven lines", {"lines": [good] * 11}),
        ("an unknown sku", {"lines": [{**good, "sku": "boost-2d"}]}),
        ("quantity 0", {"lines": [{**good, "quantity": 0}]}),
        ("quantity 11", {"lines": [{**good, "quantity": 11}]}),
        ("half of it", {"lines": [{**good, "quantity": 0.5}]}),
        ("its own price", {"lines": [{**good, "credits": 1}]}),
        ("its own status", {"lines": [good], "status": "fulfilled"}),
    ):
        yield order(name=f"an order of {name}", body=form, headers=_key(uuid4().hex))
    yield Check(name="an unknown order", path=f"/orders/{NO_POST}", token=token)
    yield Check(name="an order read without a token", path=f"/orders/{NO_POST}", status_only=True)
    yield Check(name="orders, limit 0", path="/orders?limit=0", token=token)
    yield Check(name="orders, a bad cursor", path="/orders?cursor=x", token=token)


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
