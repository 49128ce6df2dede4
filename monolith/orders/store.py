"""Orders in PostgreSQL. Twin: microservices/orders/store.py.

orders   one row an order, its lines as jsonb; unique: (buyer, idempotency_key)
         orders_by_buyer (buyer, id)
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    Integer,
    Row,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    select,
    update,
)
from sqlalchemy import Index as DatabaseIndex
from sqlalchemy.dialects.postgresql import JSONB, insert

from monolith.database import metadata
from shared_domain.contract.orders import lines_json
from shared_domain.errors import Conflict, NotFound
from shared_domain.orders import Line, Order, Reason, Stage
from shared_domain.posts import Post

ORDERS = Table(
    "orders",
    metadata,
    Column("id", Text(collation="C"), primary_key=True),
    Column("buyer", Text(collation="C"), nullable=False),
    Column("idempotency_key", Text(collation="C"), nullable=False),
    Column("stage", Text, nullable=False),
    Column("reason", Text),
    Column("lines", JSONB, nullable=False),
    Column("total_credits", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("buyer", "idempotency_key"),
)
DatabaseIndex("orders_by_buyer", ORDERS.c.buyer, ORDERS.c.id)

_FIELDS = [column for column in ORDERS.c if column.name != "idempotency_key"]
_INSERT_ORDER = (
    insert(ORDERS).on_conflict_do_nothing(index_elements=["buyer", "idempotency_key"]).returning(ORDERS.c.id)
)
_BUYERS = select(*_FIELDS).where(ORDERS.c.buyer == bindparam("buyer"))
_BY_KEY = _BUYERS.where(ORDERS.c.idempotency_key == bindparam("key"))
_SELECT_BY_ID = _BUYERS.where(ORDERS.c.id == bindparam("id"))
_NEWEST_FIRST = _BUYERS.order_by(ORDERS.c.id.desc()).limit(bindparam("limit"))


class CreditsAccount(Protocol):
    """What settling asks of users."""

    def debit(self, username: str, *, credits: int) -> bool: ...

    def refund(self, username: str, *, credits: int) -> None: ...


class BoostedPosts(Protocol):
    """What settling asks of posts."""

    def get_many_for_update(self, post_ids: Sequence[str]) -> list[Post]: ...

    def boost(self, until: Mapping[str, datetime]) -> None: ...


class OrdersUsersAndPosts(Protocol):
    """What this module needs of a transaction."""

    @property
    def orders(self) -> "SqlOrders": ...

    @property
    def users(self) -> CreditsAccount: ...

    @property
    def posts(self) -> BoostedPosts: ...


class SqlOrders:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, order: Order, *, key: str) -> Order:
        if self._connection.scalar(_INSERT_ORDER, _row(order, key)) is not None:
            return order
        return _order(self._connection.execute(_BY_KEY, {"buyer": order.buyer, "key": key}).one())

    def get(self, order_id: str, *, buyer: str) -> Order:
        row = self._connection.execute(_SELECT_BY_ID, {"id": order_id, "buyer": buyer}).one_or_none()
        if row is None:
            raise NotFound("there is no such order")
        return _order(row)

    def page(self, buyer: str, *, before: str | None, limit: int) -> list[Order]:
        statement = _NEWEST_FIRST if before is None else _NEWEST_FIRST.where(ORDERS.c.id < before)
        return [_order(row) for row in self._connection.execute(statement, {"buyer": buyer, "limit": limit})]

    def save(self, order: Order, *, seen: Order) -> None:
        as_seen = update(ORDERS).where(ORDERS.c.id == seen.id, ORDERS.c.stage == seen.stage.value)
        saved = self._connection.execute(as_seen.values(_course(order)))
        if saved.rowcount == 0:
            raise Conflict("the order went on meanwhile")


def _row(order: Order, key: str) -> dict[str, object]:
    fields = {column.name: getattr(order, column.name) for column in _FIELDS}
    return {**fields, **_course(order), "lines": lines_json(order), "idempotency_key": key}


def _course(order: Order) -> dict[str, str | None]:
    """Return what changes of an order, as texts: the driver would write an enumeration by its names."""
    return {"stage": order.stage.value, "reason": order.reason and order.reason.value}


def _order(row: Row[*tuple[Any, ...]]) -> Order:
    fields = row._mapping
    return Order(
        id=fields["id"],
        buyer=fields["buyer"],
        stage=Stage(fields["stage"]),
        reason=None if fields["reason"] is None else Reason(fields["reason"]),
        lines=tuple(Line(**line) for line in fields["lines"]),
        total_credits=fields["total_credits"],
        created_at=fields["created_at"],
    )
