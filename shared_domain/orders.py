"""Orders: what a boost costs, and how an order settles. Twins: monolith/orders, microservices/orders.

Each stage but the last two asks one feature for one thing, which is done or refused, and so the order comes to its next stage:

    PLACED ── take the credits ── done ──▶ PAID ── boost the posts ── done ──▶ FULFILLED
      │ refused                              │ refused: one of them is not there
      ▼                                      ▼
    UNPAID ── are the posts there?        UNDELIVERABLE ── give the credits back ── done ──▶ REJECTED, post_not_found
      ├ done ──▶ REJECTED, insufficient_credits
      └ refused ──▶ REJECTED, post_not_found, which goes before insufficient_credits
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from shared_domain.errors import InvalidInput, KeyReused, NotFound
from shared_domain.ids import ID
from shared_domain.text import clean

MAX_LINES = 10
MAX_QUANTITY = 10
MAX_ID_LENGTH = 36  # characters: what the contract says of every id

_ID = re.compile(ID)
_KEY = re.compile(r"[ -~]{1,64}")  # printable ASCII


class Stage(StrEnum):
    PLACED = "placed"
    PAID = "paid"
    UNPAID = "unpaid"
    UNDELIVERABLE = "undeliverable"
    FULFILLED = "fulfilled"
    REJECTED = "rejected"


class Reason(StrEnum):
    INSUFFICIENT_CREDITS = "insufficient_credits"
    POST_NOT_FOUND = "post_not_found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Boost:
    """What one of a sku costs and does."""

    credits: int
    days: int


BOOSTS = {"boost-1d": Boost(credits=10, days=1), "boost-7d": Boost(credits=50, days=7)}

_SETTLED = frozenset({Stage.FULFILLED, Stage.REJECTED})
_NEXT: dict[tuple[Stage, bool], tuple[Stage, Reason | None]] = {
    (Stage.PLACED, True): (Stage.PAID, None),
    (Stage.PLACED, False): (Stage.UNPAID, None),
    (Stage.PAID, True): (Stage.FULFILLED, None),
    (Stage.PAID, False): (Stage.UNDELIVERABLE, None),
    (Stage.UNPAID, True): (Stage.REJECTED, Reason.INSUFFICIENT_CREDITS),
    (Stage.UNPAID, False): (Stage.REJECTED, Reason.POST_NOT_FOUND),
    (Stage.UNDELIVERABLE, True): (Stage.REJECTED, Reason.POST_NOT_FOUND),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    sku: str
    post_id: str
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    id: str
    buyer: str
    stage: Stage
    reason: Reason | None
    lines: tuple[Line, ...]
    total_credits: int
    created_at: datetime


class LineRequest(Protocol):
    """A line as a client sends it: nothing of it is checked but its kinds."""

    @property
    def sku(self) -> str: ...
    @property
    def post_id(self) -> str: ...
    @property
    def quantity(self) -> float: ...


def place(*, id: str, buyer: str, lines: Sequence[LineRequest], now: datetime) -> Order:
    """Return a new order, or raise InvalidInput naming the field."""
    if not 1 <= len(lines) <= MAX_LINES:
        raise InvalidInput("lines", f"must be 1 to {MAX_LINES}")
    checked = tuple(_checked(f"lines[{place}]", line) for place, line in enumerate(lines))
    return Order(
        id=id,
        buyer=buyer,
        stage=Stage.PLACED,
        reason=None,
        lines=checked,
        total_credits=sum(BOOSTS[line.sku].credits * line.quantity for line in checked),
        created_at=now,
    )


def advance(order: Order, stage: Stage, *, done: bool) -> Order:
    """Return the order after the step of `stage` succeeded (`done`) or was refused.

    An outcome of another stage than the order's is a repeated or late event and changes nothing. Raise KeyError for an outcome
    that a stage cannot have, e.g. a refused refund.
    """
    next_stage, reason = _NEXT[stage, done]
    return replace(order, stage=next_stage, reason=reason) if order.stage == stage else order


def is_settled(order: Order) -> bool:
    """Tell whether nothing will change the order any more."""
    return order.stage in _SETTLED


def days_by_post(order: Order) -> dict[str, int]:
    """Return by how many days the order moves each post: its lines add up. Posts come by id, so that all hold them in one order."""
    days = dict.fromkeys(sorted(line.post_id for line in order.lines), 0)
    for line in order.lines:
        days[line.post_id] += BOOSTS[line.sku].days * line.quantity
    return days


def require_same_order(earlier: Order, *, requested: Order) -> Order:
    """Return the order that used the key before. Raise KeyReused if it is not what is asked for now."""
    if earlier.lines != requested.lines:
        raise KeyReused("the Idempotency-Key was used for another order")
    return earlier


def idempotency_key(header: str | None) -> str:
    """Return the key that a request's header names, or raise InvalidInput."""
    key = (header or "").strip(" \t")  # white space around a value is not part of it (RFC 9110, 5.5)
    if not _KEY.fullmatch(key):
        raise InvalidInput("Idempotency-Key", "must be 1 to 64 printable ASCII characters")
    return key


def require_valid_id(order_id: str) -> str:
    """Return the id, or raise NotFound if no order can have it: no store is asked for a hostile string."""
    if not _ID.fullmatch(order_id):
        raise NotFound("there is no such order")
    return order_id


def _checked(field: str, line: LineRequest) -> Line:
    if line.sku not in BOOSTS:
        raise InvalidInput(f"{field}.sku", f"must be one of {', '.join(BOOSTS)}")
    if line.quantity not in range(1, MAX_QUANTITY + 1):
        raise InvalidInput(f"{field}.quantity", f"must be a whole number from 1 to {MAX_QUANTITY}")
    post_id = clean(f"{field}.post_id", line.post_id, min_length=1, max_length=MAX_ID_LENGTH)
    return Line(sku=line.sku, post_id=post_id, quantity=int(line.quantity))


class OrderStore(Protocol):
    """What every store of orders promises. How a change is kept from overwriting another differs: see OptimisticOrderStore."""

    def add(self, order: Order, *, key: str) -> Order:
        """Insert a new order and return it. If the buyer has used the key before, return that order and insert nothing."""

    def get(self, order_id: str, *, buyer: str) -> Order:
        """Return the buyer's order. Raise NotFound if there is none."""

    def page(self, buyer: str, *, before: str | None, limit: int) -> list[Order]:
        """Return at most `limit` orders of the buyer, newest first, older than the order `before`."""


class OptimisticOrderStore(OrderStore, Protocol):
    """A store that locks nothing, so that each change is conditional on what was read. The monolith locks rows instead."""

    def save(self, order: Order, *, seen: Order) -> None:
        """Replace stage and reason. Raise Conflict if the stage has changed since `seen` was read."""
