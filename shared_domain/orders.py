"""Orders: what a boost costs, and how an order settles. Twins: monolith/orders, microservices/orders.

At each stage except the last two, one feature does one step. The order's next stage depends on whether the step is done or refused:

    PLACED ── take the credits ── done ──▶ PAID ── boost the posts ── done ──▶ FULFILLED
      │ refused                              │ refused: a post does not exist
      ▼                                      ▼
    UNPAID ── do the posts exist?         UNDELIVERABLE ── refund the credits ── done ──▶ REJECTED, post_not_found
      ├ done ──▶ REJECTED, insufficient_credits
      └ refused ──▶ REJECTED, post_not_found: it takes precedence over insufficient_credits
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
MAX_ID_LENGTH = 36  # characters, the limit of the contract for every id

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
    """The price of one unit of a SKU, and by how many days it boosts a post."""

    credits: int
    days: int


BOOSTS = {"boost-1d": Boost(credits=10, days=1), "boost-7d": Boost(credits=50, days=7)}

_FINAL_STAGES = frozenset({Stage.FULFILLED, Stage.REJECTED})
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
    """A line as a client sends it. Its types are checked, its values are not."""

    @property
    def sku(self) -> str: ...
    @property
    def post_id(self) -> str: ...
    @property
    def quantity(self) -> float: ...


def place(*, id: str, buyer: str, lines: Sequence[LineRequest], now: datetime) -> Order:
    """Return a new order. Raise InvalidInput naming the field."""
    if not 1 <= len(lines) <= MAX_LINES:
        raise InvalidInput("lines", f"must be 1 to {MAX_LINES} lines")
    valid_lines = tuple(_validate_line(f"lines[{position}]", line) for position, line in enumerate(lines))
    return Order(
        id=id,
        buyer=buyer,
        stage=Stage.PLACED,
        reason=None,
        lines=valid_lines,
        total_credits=sum(BOOSTS[line.sku].credits * line.quantity for line in valid_lines),
        created_at=now,
    )


def advance(order: Order, stage: Stage, *, done: bool) -> Order:
    """Return the order after the step of `stage` succeeded (`done`) or was refused.

    If the order is at another stage, the outcome is a repeated or late event and changes nothing.
    Raise KeyError for an outcome that a stage cannot have, e.g. a refused refund.
    """
    next_stage, reason = _NEXT[stage, done]
    return replace(order, stage=next_stage, reason=reason) if order.stage == stage else order


def is_settled(order: Order) -> bool:
    """Return whether the order has reached a final stage."""
    return order.stage in _FINAL_STAGES


def days_by_post(order: Order) -> dict[str, int]:
    """Return the days of boost for each post, summed over the lines. Posts are sorted by id, the order in which rows are locked."""
    days = dict.fromkeys(sorted(line.post_id for line in order.lines), 0)
    for line in order.lines:
        days[line.post_id] += BOOSTS[line.sku].days * line.quantity
    return days


def require_same_order(earlier: Order, *, requested: Order) -> Order:
    """Return the earlier order with the same key. Raise KeyReused if its lines differ from the requested ones."""
    if earlier.lines != requested.lines:
        raise KeyReused("the Idempotency-Key was used for another order")
    return earlier


def parse_idempotency_key(header: str | None) -> str:
    """Return the key in an Idempotency-Key header. Raise InvalidInput if it is absent or malformed."""
    key = (header or "").strip(" \t")  # white space around a value is not part of it (RFC 9110, 5.5)
    if not _KEY.fullmatch(key):
        raise InvalidInput("Idempotency-Key", "must be 1 to 64 printable ASCII characters")
    return key


def require_valid_id(order_id: str) -> str:
    """Return the id. Raise NotFound if no order can have it, so malformed ids never reach the store."""
    if not _ID.fullmatch(order_id):
        raise NotFound("there is no such order")
    return order_id


def _validate_line(field: str, line: LineRequest) -> Line:
    if line.sku not in BOOSTS:
        raise InvalidInput(f"{field}.sku", f"must be one of {', '.join(BOOSTS)}")
    if line.quantity not in range(1, MAX_QUANTITY + 1):
        raise InvalidInput(f"{field}.quantity", f"must be a whole number from 1 to {MAX_QUANTITY}")
    post_id = clean(f"{field}.post_id", line.post_id, min_length=1, max_length=MAX_ID_LENGTH)
    return Line(sku=line.sku, post_id=post_id, quantity=int(line.quantity))


class OrderStore(Protocol):
    """The methods that the stores of both sides share. `save` differs: see OptimisticOrderStore."""

    def add(self, order: Order, *, key: str) -> Order:
        """Insert a new order and return it. If the buyer has used the key before, return that order and insert nothing."""

    def get(self, order_id: str, *, buyer: str) -> Order:
        """Return the order. Raise NotFound if this buyer has none with the id."""

    def page(self, buyer: str, *, before: str | None, limit: int) -> list[Order]:
        """Return at most `limit` orders of the buyer, newest first, older than the order `before`."""


class OptimisticOrderStore(OrderStore, Protocol):
    """A store without locks: each change is conditional on what was read. The monolith locks rows instead (decision 24)."""

    def save(self, order: Order, *, seen: Order) -> None:
        """Replace stage and reason. Raise Conflict if the stage has changed since `seen` was read."""
