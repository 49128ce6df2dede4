"""Orders: an order settles eventually, and its lines decide how it must settle."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from loadtests.calls.call import Answer, Call, items_of, require
from loadtests.data.orders import Outcome, is_settled, total_of

ORDER_FIELDS = {"id", "status", "reason", "lines", "total_credits", "created_at"}
Lines = Sequence[dict[str, Any]]


def place_order(lines: Lines, wanted: Outcome, *, key: str, token: str) -> Call:
    """Place an order. The answer must contain it as sent, with its price, pending or settled as expected."""

    def check(answer: Answer) -> None:
        order = answer.record()
        require(order.keys() == ORDER_FIELDS, "every field of the order")
        require(
            order["lines"] == list(lines) and order["total_credits"] == total_of(lines), "the order as sent, priced"
        )
        _require_outcome(order, wanted, settled_by_now=False)

    return Call(
        operation="POST /orders",
        path="/orders",
        expected=201,
        body={"lines": list(lines)},
        headers={"Idempotency-Key": key},
        token=token,
        check=check,
    )


def read_order(
    order_id: str, wanted: Outcome, *, token: str, after_s: float = 0.0, settled_by_now: bool = False
) -> Call:
    """Read the user's own order after a pause. settled_by_now: it must not be pending any more."""

    def check(answer: Answer) -> None:
        order = answer.record()
        require(order.get("id") == order_id, f"the order {order_id}")
        _require_outcome(order, wanted, settled_by_now=settled_by_now)

    path = f"/orders/{order_id}"
    return Call(operation="GET /orders/{order_id}", path=path, token=token, after_s=after_s, check=check)


def own_orders(token: str, *, limit: int = 20, cursor: str = "", holding: str | None = None) -> Call:
    """List the user's own orders. They must be newest first and contain a certain order, if one is passed."""

    def check(answer: Answer) -> None:
        items = items_of(answer, limit)
        stamps = [(item["created_at"], item["id"]) for item in items]
        require(stamps == sorted(stamps, reverse=True), "orders newest first")
        require(holding is None or holding in {item["id"] for item in items}, f"the order {holding} in the list")

    query = {"limit": limit, **({"cursor": cursor} if cursor else {})}
    return Call(operation="GET /orders", path=f"/orders?{urlencode(query)}", token=token, check=check)


def _require_outcome(order: dict[str, Any], wanted: Outcome, *, settled_by_now: bool) -> None:
    if is_settled(order) or settled_by_now:
        require((order["status"], order["reason"]) == wanted, f"{' '.join(filter(None, wanted))}")
    else:
        require(order["reason"] is None, "no reason while an order is pending")
