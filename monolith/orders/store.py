"""Orders in PostgreSQL. Twin: microservices/orders/store.py.

orders   one row per order, its lines as jsonb; unique: (buyer, idempotency_key)
         index: orders_by_buyer (buyer, id)
"""

from typing import Any

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
from shared_domain.errors import NotFound
from shared_domain.orders import Line, Order, Reason, Stage

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
_SELECT_BUYERS_ORDERS = select(*_FIELDS).where(ORDERS.c.buyer == bindparam("buyer"))
_SELECT_ORDER = _SELECT_BUYERS_ORDERS.where(ORDERS.c.id == bindparam("order_id"))
_SELECT_ORDER_BY_KEY = _SELECT_BUYERS_ORDERS.where(ORDERS.c.idempotency_key == bindparam("key"))
_SELECT_ORDERS = _SELECT_BUYERS_ORDERS.order_by(ORDERS.c.id.desc()).limit(bindparam("limit"))
_UPDATE_ORDER = update(ORDERS).where(ORDERS.c.id == bindparam("order_id"))


class SqlOrders:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, order: Order, *, key: str) -> Order:
        if self._connection.scalar(_INSERT_ORDER, _to_row(order, key)) is not None:
            return order
        return _to_order(self._connection.execute(_SELECT_ORDER_BY_KEY, {"buyer": order.buyer, "key": key}).one())

    def get(self, order_id: str, *, buyer: str) -> Order:
        row = self._connection.execute(_SELECT_ORDER, {"order_id": order_id, "buyer": buyer}).one_or_none()
        if row is None:
            raise NotFound("there is no such order")
        return _to_order(row)

    def page(self, buyer: str, *, before: str | None, limit: int) -> list[Order]:
        statement = _SELECT_ORDERS if before is None else _SELECT_ORDERS.where(ORDERS.c.id < before)
        return [_to_order(row) for row in self._connection.execute(statement, {"buyer": buyer, "limit": limit})]

    def save(self, order: Order) -> None:
        """Replace stage and reason of an order that this transaction has added: nobody else sees it yet."""
        self._connection.execute(_UPDATE_ORDER, {"order_id": order.id, **_progress(order)})


def _to_row(order: Order, key: str) -> dict[str, object]:
    fields = {column.name: getattr(order, column.name) for column in _FIELDS}
    return {**fields, **_progress(order), "lines": lines_json(order), "idempotency_key": key}


def _progress(order: Order) -> dict[str, str | None]:
    """Return stage and reason as texts: the driver would write the names of the enumeration and not its values."""
    return {"stage": order.stage.value, "reason": order.reason and order.reason.value}


def _to_order(row: Row[*tuple[Any, ...]]) -> Order:
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
