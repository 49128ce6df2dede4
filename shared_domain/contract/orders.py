"""Orders on the wire: the form, the order and the pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta, Struct

from shared_domain.contract.paging import page_json, parse_cursor, parse_limit
from shared_domain.contract.parsing import Query, build_decoder
from shared_domain.contract.times import to_rfc3339
from shared_domain.ids import ID
from shared_domain.orders import Order, is_settled

OrderId = Annotated[str, Meta(pattern=f"^{ID}$")]


@build_decoder
class NewLine(Struct, frozen=True, forbid_unknown_fields=True):
    sku: str
    post_id: str
    quantity: float  # a whole number; JSON may write 1 as 1.0


@build_decoder
class NewOrder(Struct, frozen=True, forbid_unknown_fields=True):
    lines: list[NewLine]


def order_json(order: Order) -> dict[str, Any]:
    """Return the order as JSON for its buyer."""
    return {
        "id": order.id,
        "status": order.stage.value if is_settled(order) else "pending",
        "reason": order.reason,
        "lines": lines_json(order),
        "total_credits": order.total_credits,
        "created_at": to_rfc3339(order.created_at),
    }


def lines_json(order: Order) -> list[dict[str, Any]]:
    """Return the lines of the order as JSON."""
    return [{"sku": line.sku, "post_id": line.post_id, "quantity": line.quantity} for line in order.lines]


@dataclass(frozen=True, slots=True)
class OrdersQuery:
    """A request for a page of a buyer's orders."""

    buyer: str
    before: str | None
    limit: int

    def page_json(self, items: Sequence[Order]) -> dict[str, Any]:
        """Return the page as JSON. `items` must have one more than `limit` if the list continues."""
        return page_json(
            items,
            limit=self.limit,
            list_name=_list_name(self.buyer),
            position_of=lambda order: order.id,
            to_json=order_json,
        )


def parse_orders_query(query: Query, *, buyer: str) -> OrdersQuery:
    """Parse the query parameters. Raise InvalidInput naming the parameter."""
    before = parse_cursor(query, list_name=_list_name(buyer), shape=OrderId)
    return OrdersQuery(buyer, before, parse_limit(query))


def _list_name(buyer: str) -> str:
    return f"orders buyer={buyer}"
