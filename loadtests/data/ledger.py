"""The books after the load: every account's credits, every order, every boost, added up again from what the API shows.

`100 = credits + fulfilled totals` must hold for every account, each order be settled as it had to, and each post be boosted for
exactly the days that were paid.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from time import monotonic, sleep
from typing import Any

import httpx

from loadtests import calls
from loadtests.client import succeed
from loadtests.data import orders
from loadtests.data.world import Account, World

SETTLED_WITHIN_S = 30.0
POLL_S = 0.1
A_DAY_S = 86_400
Order = dict[str, Any]


@dataclass(slots=True)
class Ledger:
    """By how much the books are wrong: credits and days that were lost or came twice, orders that settled otherwise than they
    had to, and orders that did not settle. 0 everywhere is the promise."""

    lost_or_doubled_credits: int = 0
    lost_or_doubled_boost_days: int = 0
    wrong_orders: int = 0
    unsettled_orders: int = 0


def audit(client: httpx.Client, world: World) -> Ledger:
    """Return the books of all accounts, once every order is settled or has had its time."""
    known = await_settled(client, world)
    credits = {account.username: _credits(client, account) for account in world.accounts}
    boosts = {post.id: succeed(client, calls.read_post(post.id)).record()["boosted_until"] for post in world.posts}
    return books(known, credits, boosts)


def await_settled(client: httpx.Client, world: World) -> dict[str, list[Order]]:
    """Wait until every order is settled, but not for ever; return the orders by username."""
    deadline = monotonic() + SETTLED_WITHIN_S
    known = {account.username: list(_orders(client, account)) for account in world.accounts}
    for account in world.accounts:
        while not all(map(orders.settled, known[account.username])) and monotonic() < deadline:
            sleep(POLL_S)
            known[account.username] = list(_orders(client, account))
    return known


def books(known: dict[str, list[Order]], credits: dict[str, int], boosts: dict[str, str | None]) -> Ledger:
    """Add it up. known: orders by username. boosts: boosted_until by post."""
    everything = [order for own in known.values() for order in own]
    settled = [order for order in everything if orders.settled(order)]
    fulfilled = [order for order in settled if order["status"] == "fulfilled"]
    return Ledger(
        lost_or_doubled_credits=sum(abs(orders.PURSE - credits[name] - _taken(own)) for name, own in known.items()),
        lost_or_doubled_boost_days=sum(
            abs(days - _shown(until, since)) for days, until, since in _boosts(fulfilled, boosts)
        ),
        wrong_orders=sum((one["status"], one["reason"]) != orders.outcome_of(one["lines"]) for one in settled),
        unsettled_orders=len(everything) - len(settled),
    )


def _taken(own: list[Order]) -> int:
    return sum(order["total_credits"] for order in own if order["status"] == "fulfilled")


def _boosts(fulfilled: list[Order], boosts: dict[str, str | None]) -> Iterator[tuple[int, str | None, str]]:
    """Yield, for each post, the days that were paid, until when it is boosted, and when the first of those orders was placed."""
    days: defaultdict[str, int] = defaultdict(int)
    first: dict[str, str] = {}
    for order in sorted(fulfilled, key=lambda each: str(each["created_at"])):
        for line in order["lines"]:
            days[line["post_id"]] += orders.DAYS[line["sku"]] * line["quantity"]
            first.setdefault(line["post_id"], order["created_at"])
    for post_id, until in boosts.items():
        yield days[post_id], until, first.get(post_id, "")


def _shown(until: str | None, since: str) -> int:
    """Return the days of a boost: from the first order, which settled some seconds after it was placed."""
    if until is None:
        return 0
    if not since:
        return 1  # a boost that nobody paid for
    lasts = datetime.fromisoformat(until) - datetime.fromisoformat(since)
    return round(lasts.total_seconds() / A_DAY_S)


def _orders(client: httpx.Client, account: Account) -> Iterator[Order]:
    cursor: str | None = ""
    while cursor is not None:
        page = succeed(client, calls.own_orders(account.token, limit=100, cursor=cursor)).record()
        yield from page["items"]
        cursor = page["next_cursor"]


def _credits(client: httpx.Client, account: Account) -> int:
    return int(succeed(client, calls.read_me(account.username, account.token)).record()["credits"])
