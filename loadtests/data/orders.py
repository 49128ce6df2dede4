"""Orders of the load and how each must settle, which follows from the order alone.

A user has 100 credits, and an order above 100 credits is always refused. A buyer first reads the remaining credits, subtracts
pending orders, and keeps a reserve: at or below it the buyer orders only what must be refused. So no outcome depends on
concurrent orders, and every outcome can be asserted. Buyers without credits keep ordering, so the load stays the same.
"""

from collections.abc import Sequence
from random import Random
from typing import Any

NO_POST = "0" * 26  # a valid id that no post has
PRICES = {"boost-1d": 10, "boost-7d": 50}
DAYS = {"boost-1d": 1, "boost-7d": 7}
CREDITS = 100  # of a new user
RESERVE = 40  # credits for concurrent orders of the same buyer and for the freshness trials
Outcome = tuple[str, str | None]  # status and reason
FULFILLED: Outcome = ("fulfilled", None)
NO_SUCH_POST: Outcome = ("rejected", "post_not_found")
INSUFFICIENT_CREDITS: Outcome = ("rejected", "insufficient_credits")
Lines = list[dict[str, Any]]


def line(post_id: str, sku: str = "boost-1d", quantity: int = 1) -> dict[str, Any]:
    """Return one line of an order."""
    return {"sku": sku, "post_id": post_id, "quantity": quantity}


def random_lines(post_id: str, draw: Random, *, credits: int) -> Lines:
    """Return a buyer's next order: above the reserve half are fulfilled, and a quarter refused for each reason."""
    refused = draw.choice(([line(post_id), line(NO_POST)], [line(post_id, "boost-7d", 3)]))
    return draw.choice(([line(post_id)], refused)) if credits > RESERVE else refused


def seed_lines(post_id: str, number: int) -> Lines:
    """Return the order that account `number` places while seeding: two of four are fulfilled, for 10 credits."""
    return ([line(post_id)], [line(post_id)], [line(post_id), line(NO_POST)], [line(post_id, "boost-7d", 3)])[
        number % 4
    ]


def outcome_of(lines: Sequence[dict[str, Any]]) -> Outcome:
    """Return how an order must settle. An unknown post is reported before insufficient credits."""
    if any(each["post_id"] == NO_POST for each in lines):
        return NO_SUCH_POST
    return INSUFFICIENT_CREDITS if total_of(lines) > CREDITS else FULFILLED


def total_of(lines: Sequence[dict[str, Any]]) -> int:
    """Return the price of an order in credits."""
    return sum(PRICES[each["sku"]] * each["quantity"] for each in lines)


def is_settled(order: dict[str, Any]) -> bool:
    """Return whether an order is no longer pending."""
    return bool(order["status"] != "pending")
