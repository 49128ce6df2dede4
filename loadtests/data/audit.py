"""The consistency audit: recompute every account's credits, every order and every boost from what the API shows.

For each account `100 = credits + total of its fulfilled orders`. Each order ends as it must, and each post is boosted for exactly
the days that were paid.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from time import monotonic, sleep
from typing import Any

import httpx

from loadtests import calls
from loadtests.client import succeed
from loadtests.data import orders
from loadtests.data.world import Account, World
from loadtests.results import Audit

SETTLED_WITHIN_S = 30.0
POLL_S = 0.1
DAY_S = 86_400
Order = dict[str, Any]


def audit(client: httpx.Client, world: World) -> Audit:
    """Audit all accounts, after every order is settled or the time for that is over."""
    by_user = await_settled(client, world)
    credits = {account.username: _credits(client, account) for account in world.accounts}
    boosts = {post.id: succeed(client, calls.read_post(post.id)).record()["boosted_until"] for post in world.posts}
    return deviations(by_user, credits, boosts)


def await_settled(client: httpx.Client, world: World) -> dict[str, list[Order]]:
    """Wait until every order is settled, at most SETTLED_WITHIN_S. Return the orders by username."""
    deadline = monotonic() + SETTLED_WITHIN_S
    by_user = {account.username: list(orders_of(client, account)) for account in world.accounts}
    for account in world.accounts:
        while not all(map(orders.is_settled, by_user[account.username])) and monotonic() < deadline:
            sleep(POLL_S)
            by_user[account.username] = list(orders_of(client, account))
    return by_user


def deviations(by_user: dict[str, list[Order]], credits: dict[str, int], boosts: dict[str, str | None]) -> Audit:
    """Compare what the API shows with what the orders add up to. boosts: boosted_until by post."""
    placed = [order for own in by_user.values() for order in own]
    settled = [order for order in placed if orders.is_settled(order)]
    fulfilled = [order for order in settled if order["status"] == "fulfilled"]
    return Audit(
        lost_or_doubled_credits=sum(abs(orders.CREDITS - credits[name] - _spent(own)) for name, own in by_user.items()),
        lost_or_doubled_boost_days=sum(
            abs(paid - _boosted_days(until, since)) for paid, until, since in _boosts(fulfilled, boosts)
        ),
        wrong_orders=sum((one["status"], one["reason"]) != orders.outcome_of(one["lines"]) for one in settled),
        unsettled_orders=len(placed) - len(settled),
    )


def orders_of(client: httpx.Client, account: Account) -> Iterator[Order]:
    """Yield all orders of an account."""
    cursor: str | None = ""
    while cursor is not None:
        page = succeed(client, calls.own_orders(account.token, limit=100, cursor=cursor)).record()
        yield from page["items"]
        cursor = page["next_cursor"]


def _spent(own: list[Order]) -> int:
    return sum(order["total_credits"] for order in own if order["status"] == "fulfilled")


def _boosts(fulfilled: list[Order], boosts: dict[str, str | None]) -> Iterator[tuple[int, str | None, str]]:
    """Yield for each post the paid days, the end of its boost, and the time of the first order that paid for it."""
    days: defaultdict[str, int] = defaultdict(int)
    first: dict[str, str] = {}
    for order in sorted(fulfilled, key=lambda one: str(one["created_at"])):
        for line in order["lines"]:
            days[line["post_id"]] += orders.DAYS[line["sku"]] * line["quantity"]
            first.setdefault(line["post_id"], order["created_at"])
    for post_id, until in boosts.items():
        yield days[post_id], until, first.get(post_id, "")


def _boosted_days(until: str | None, since: str) -> int:
    """Return the whole days of a boost. Rounding absorbs the seconds between an order and its settlement."""
    if until is None:
        return 0
    if not since:
        return 1  # boosted, though no order paid for it
    lasts = datetime.fromisoformat(until) - datetime.fromisoformat(since)
    return round(lasts.total_seconds() / DAY_S)


def _credits(client: httpx.Client, account: Account) -> int:
    return int(succeed(client, calls.read_me(account.username, account.token)).record()["credits"])
