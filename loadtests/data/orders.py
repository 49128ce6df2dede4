"""What buyers order, and how each order must settle: known beforehand, from the order alone.

A user has 100 credits, and an order of over 100 credits is refused whoever asks. Before each order a buyer looks at the
credits that are left, less what pending orders may still take, and keeps a reserve: whoever has no more than that orders only
what must be refused. So no outcome depends on what other orders take meanwhile, and each can be checked; the load does not run
dry either, it only buys less.
"""

from collections.abc import Sequence
from random import Random
from typing import Any

from loadtests.data.world import NO_POST, World

PRICES = {"boost-1d": 10, "boost-7d": 50}
DAYS = {"boost-1d": 1, "boost-7d": 7}
PURSE = 100  # credits of a new user
RESERVE = 40  # credits: what the same buyer orders at the same moment is paid from it, and the freshness trials are
Outcome = tuple[str, str | None]  # status and reason
FULFILLED: Outcome = ("fulfilled", None)
NO_SUCH_POST: Outcome = ("rejected", "post_not_found")
TOO_DEAR: Outcome = ("rejected", "insufficient_credits")
Lines = list[dict[str, Any]]


def line(post_id: str, sku: str = "boost-1d", quantity: int = 1) -> dict[str, Any]:
    """Return one line of an order."""
    return {"sku": sku, "post_id": post_id, "quantity": quantity}


def drawn(world: World, draw: Random, *, purse: int) -> Lines:
    """Return what a buyer with so many credits orders: half can be fulfilled, a quarter cannot for either reason."""
    post = draw.choice(world.posts).id
    refused = draw.choice(([line(post), line(NO_POST)], [line(post, "boost-7d", 3)]))
    return draw.choice(([line(post)], refused)) if purse > RESERVE else refused


def seeded(world: World, number: int) -> Lines:
    """Return what the account of this number orders when the data is made: two of four are fulfilled, for 10 credits."""
    post = world.posts[number % len(world.posts)].id
    return ([line(post)], [line(post)], [line(post), line(NO_POST)], [line(post, "boost-7d", 3)])[number % 4]


def outcome_of(lines: Sequence[dict[str, Any]]) -> Outcome:
    """Return how an order must settle, whoever of the buyers placed it: an unknown post goes before too few credits."""
    if any(each["post_id"] == NO_POST for each in lines):
        return NO_SUCH_POST
    return TOO_DEAR if total_of(lines) > PURSE else FULFILLED


def total_of(lines: Sequence[dict[str, Any]]) -> int:
    """Return the price of an order in credits."""
    return sum(PRICES[each["sku"]] * each["quantity"] for each in lines)


def settled(order: dict[str, Any]) -> bool:
    """Say whether an order is no longer pending."""
    return bool(order["status"] != "pending")
