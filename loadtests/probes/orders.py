"""Probes of orders. They are pending for a while on one side and never on the other, so each is compared once it is settled."""

from typing import Any
from uuid import uuid4

import httpx

from loadtests.data.orders import line
from loadtests.data.world import NO_POST, World
from loadtests.probes.probe import Probe, Script

EVENTUAL = ("status", "reason")


def refusals(world: World) -> Script:
    """Every kind of order that is not taken."""
    account, good = world.accounts[0], line(world.hot.id)
    yield Probe(
        name="an order without a token", method="POST", path="/orders", body={"lines": [good]}, status_only=True
    )
    for name, key in (("no key", {}), ("an empty key", {"Idempotency-Key": ""}), ("a long key", _key("x" * 65))):
        yield Probe(
            name=f"an order with {name}",
            method="POST",
            path="/orders",
            body={"lines": [good]},
            headers=key,
            token=account.token,
        )
    for name, form in (
        ("nothing", {}),
        ("no lines", {"lines": []}),
        ("eleven lines", {"lines": [good] * 11}),
        ("an unknown sku", {"lines": [{**good, "sku": "boost-2d"}]}),
        ("none of it", {"lines": [{**good, "quantity": 0}]}),
        ("too much of it", {"lines": [{**good, "quantity": 11}]}),
        ("half of it", {"lines": [{**good, "quantity": 0.5}]}),
        ("a price of its own", {"lines": [{**good, "credits": 1}]}),
        ("a status of its own", {"lines": [good], "status": "fulfilled"}),
    ):
        yield _placed(f"an order of {name}", form, token=account.token)
    yield Probe(name="an order that is none", path=f"/orders/{NO_POST}", token=account.token)
    yield Probe(name="an order of nobody", path=f"/orders/{NO_POST}", status_only=True)
    yield Probe(name="orders, limit 0", path="/orders?limit=0", token=account.token)
    yield Probe(name="orders, a bad cursor", path="/orders?cursor=x", token=account.token)


def life_of_an_order(world: World) -> Script:
    """One order of each outcome, from placing it to its list; and what else a key or another user gets."""
    buyer, other, posts = world.accounts[2], world.accounts[1], world.posts
    for name, lines in (
        ("two boosts", [line(posts[3].id), line(posts[3].id, "boost-1d", 2)]),
        ("a boost of no post", [line(posts[3].id), line(NO_POST)]),
        ("more than there is", [line(posts[3].id, "boost-7d", 3)]),
    ):
        key = _key(uuid4().hex)
        made = yield _placed(name, {"lines": lines}, token=buyer.token, key=key)
        yield _placed(f"{name}, again", {"lines": lines}, token=buyer.token, key=key)
        yield _placed(f"{name}, the key for another order", {"lines": lines[:1] * 3}, token=buyer.token, key=key)
        path = f"/orders/{made.json().get('id', 'none')}"
        yield Probe(name=f"{name}, settled", path=path, token=buyer.token, until=_is_settled)
        yield Probe(name=f"{name}, as another user sees it", path=path, token=other.token)
    yield Probe(name="own orders", path="/orders", token=buyer.token)
    yield Probe(name="what is left", path="/users/me", token=buyer.token)
    yield Probe(name="the boosted post", path=f"/posts/{posts[3].id}")


def _placed(name: str, form: Any, *, token: str, key: dict[str, str] | None = None) -> Probe:
    return Probe(
        name=name,
        method="POST",
        path="/orders",
        body=form,
        headers=key or _key(uuid4().hex),
        token=token,
        ignoring=EVENTUAL,
    )


def _key(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


def _is_settled(answer: httpx.Response) -> bool:
    return bool(answer.json().get("status") != "pending")
