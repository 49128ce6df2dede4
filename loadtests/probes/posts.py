"""Probes of users, posts, votes and search."""

import httpx

from loadtests.data.world import NO_POST, World, written
from loadtests.probes.probe import Probe, Script


def reads(world: World) -> Script:
    """What is there, whoever else uses the system."""
    post, account = world.posts[3], world.accounts[0]
    yield Probe(name="health", path="/health")
    yield Probe(name="the OpenAPI description", path="/openapi.json")
    own = f"/posts?author={account.username}&limit=2"
    page = yield Probe(name="a page of an author's posts", path=own)
    yield Probe(name="the page after it", path=f"{own}&cursor={page.json()['next_cursor']}")
    yield Probe(name="posts of nobody", path="/posts?author=nobody_here")
    yield Probe(name="one post", path=f"/posts/{post.id}")
    yield Probe(name="a public user", path=f"/users/{account.username}")
    yield Probe(name="oneself", path="/users/me", token=account.token)


def lists(world: World) -> Script:
    """Whole lists."""
    yield Probe(name="newest posts", path="/posts?limit=50")
    yield Probe(name="posts with a tag", path="/posts?tag=amber")
    yield Probe(name="the leaderboard", path="/leaderboard?limit=100", eventual=True)
    yield Probe(name="the leaderboard's page", path="/leaderboard.html", eventual=True)
    for words in ("amber", "amber river", world.posts[3].title, "the of and", "nothingholdsthis", "Rivers'"):
        path = str(httpx.URL("/search", params={"q": words, "limit": 50}))
        yield Probe(name=f"search {words!r}", path=path, eventual=True)


def refusals(world: World) -> Script:
    """Every kind of refusal of these rooms."""
    token, post = world.accounts[1].token, world.posts[0]
    good = written("of the probes")
    yield Probe(name="no token", method="POST", path="/posts", body=good, status_only=True)
    yield Probe(name="a bad token", method="POST", path="/posts", body=good, token="not.a.token")  # noqa: S106
    yield Probe(name="an unknown path", path="/nowhere", status_only=True)
    yield Probe(name="an unknown post", path=f"/posts/{NO_POST}")
    yield Probe(name="an unknown user", path="/users/nobody_here")
    yield Probe(name="a taken username", method="POST", path="/users", body=_form(world.accounts[0].username))
    yield Probe(
        name="a wrong password",
        method="POST",
        path="/tokens",
        body={"username": "nobody_here", "password": "wrong password"},
    )
    yield Probe(name="malformed JSON", method="POST", path="/posts", raw=b'{"title": ', token=token)
    yield Probe(name="a body that is no object", method="POST", path="/posts", body=[1], token=token)
    yield Probe(
        name="another content type",
        method="POST",
        path="/posts",
        raw=b"a=b",
        token=token,
        headers={"Content-Type": "text/plain"},
    )
    for name, change in (
        ("a blank title", {"title": "  "}),
        ("a long title", {"title": "x" * 201}),
        ("a null body", {"body": None}),
        ("a bad tag", {"tags": ["Not so"]}),
        ("a repeated tag", {"tags": ["a", "a"]}),
        ("an unknown field", {"score": 5}),
    ):
        yield Probe(name=name, method="POST", path="/posts", body={**good, **change}, token=token)
    for name, query in (
        ("limit 0", "limit=0"),
        ("limit 101", "limit=101"),
        ("limit x", "limit=x"),
        ("a bad cursor", "cursor=x"),
        ("author and tag", "author=a&tag=b"),
    ):
        yield Probe(name=name, path=f"/posts?{query}")
    yield Probe(name="a search for nothing", path="/search?q=")
    yield Probe(name="a vote of 2", method="PUT", path=f"/posts/{post.id}/vote", body={"value": 2}, token=token)
    yield Probe(
        name="a vote for no post",
        method="PUT",
        path=f"/posts/{NO_POST}/vote",
        body={"value": 1},
        token=token,
    )
    yield Probe(
        name="another's post revised", method="PATCH", path=f"/posts/{post.id}", body={"title": "Mine"}, token=token
    )
    yield Probe(name="another's post deleted", method="DELETE", path=f"/posts/{post.id}", token=token)


def life_of_a_post(world: World) -> Script:
    """From its publication until it is gone."""
    token = world.accounts[2].token
    made = yield Probe(
        name="publish", method="POST", path="/posts", body={"title": "Zoë ✓", "body": "Né à l'été"}, token=token
    )
    path = f"/posts/{made.json().get('id', 'none')}"
    seen = yield Probe(name="read it", path=path)
    yield Probe(name="an empty change", method="PATCH", path=path, body={}, token=token)
    first = {"If-Match": seen.headers.get("etag", '"none"')}
    yield Probe(
        name="revise as seen", method="PATCH", path=path, body={"title": "Zoë again"}, token=token, headers=first
    )
    yield Probe(
        name="revise as no longer seen", method="PATCH", path=path, body={"title": "Late"}, token=token, headers=first
    )
    yield Probe(name="vote", method="PUT", path=f"{path}/vote", body={"value": -1}, token=token)
    yield Probe(name="take the vote back", method="DELETE", path=f"{path}/vote", token=token)
    yield Probe(name="take no vote back", method="DELETE", path=f"{path}/vote", token=token)
    yield Probe(name="delete", method="DELETE", path=path, token=token)
    yield Probe(name="read what is gone", path=path)
    yield Probe(name="delete what is gone", method="DELETE", path=path, token=token)


def _form(username: str) -> dict[str, str]:
    return {"username": username, "email": "somebody@example.com", "password": "long enough for all"}
