"""Orders over HTTP, in one process and one transaction. Twin: microservices/orders/routes.py."""

from flask import Blueprint

from monolith.clock import new_id, now
from monolith.database import UnitOfWork
from monolith.edge import Response, body, current_user, header, query, respond
from monolith.orders.settlement import Stores, settle
from shared_domain import orders
from shared_domain.contract.orders import NewOrder, order_json, parse_orders_query


def routes(unit_of_work: UnitOfWork[Stores]) -> Blueprint:
    blueprint = Blueprint("orders", __name__)

    @blueprint.post("/orders")
    def place() -> Response:
        """Order boosts for posts, once for each idempotency key."""
        buyer = current_user()
        key = orders.parse_idempotency_key(header("idempotency-key"))
        form = body(NewOrder)
        moment = now()
        order = orders.place(id=new_id(moment), buyer=buyer, lines=form.lines, now=moment)
        with unit_of_work() as work:  # transaction: order, credits and boosts
            stored = work.orders.add(order, key=key)
            if stored.id != order.id:
                return respond(order_json(orders.require_same_order(stored, requested=order)))
            order = settle(order, work, now=moment)
        return respond(order_json(order), 201, location=f"/orders/{order.id}")

    @blueprint.get("/orders")
    def list_orders() -> Response:
        """Return a page of the current user's orders, newest first."""
        orders_query = parse_orders_query(query(), buyer=current_user())
        with unit_of_work() as work:
            items = work.orders.page(orders_query.buyer, before=orders_query.before, limit=orders_query.limit + 1)
        return respond(orders_query.page_json(items))

    @blueprint.get("/orders/<order_id>")
    def read_order(order_id: str) -> Response:
        """Return an order to its buyer."""
        buyer = current_user()
        order_id = orders.require_valid_id(order_id)
        with unit_of_work() as work:
            order = work.orders.get(order_id, buyer=buyer)
        return respond(order_json(order))

    return blueprint
