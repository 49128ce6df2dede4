"""Orders over HTTP, in one process and one transaction. Twin: microservices/orders/routes.py."""

from flask import Blueprint, request

from monolith.clock import new_id, now
from monolith.database import UnitOfWork
from monolith.edge import Answer, Caller, answer, body, query
from monolith.orders.settlement import settle
from monolith.orders.store import OrdersUsersAndPosts
from shared_domain import orders
from shared_domain.contract.orders import NewOrder, order_json, parse_orders_query


def routes(unit_of_work: UnitOfWork[OrdersUsersAndPosts], caller: Caller) -> Blueprint:
    blueprint = Blueprint("orders", __name__)

    @blueprint.post("/orders")
    def place() -> Answer:
        """Boost posts for the caller's credits, once for each key."""
        buyer = caller(request)
        key = orders.idempotency_key(request.headers.get("idempotency-key"))
        form = body(request, NewOrder)
        moment = now()
        order = orders.place(id=new_id(moment), buyer=buyer, lines=form.lines, now=moment)
        with unit_of_work() as work:  # transaction: order, credits and boosts together
            kept = work.orders.add(order, key=key)
            if kept.id != order.id:
                return answer(order_json(orders.require_same_order(kept, requested=order)))
            order = settle(order, work, now=moment)
        return answer(order_json(order), 201, location=f"/orders/{order.id}")

    @blueprint.get("/orders")
    def list_orders() -> Answer:
        """Show a page of the caller's orders, newest first."""
        asked = parse_orders_query(query(request), buyer=caller(request))
        with unit_of_work() as work:
            found = work.orders.page(asked.buyer, before=asked.before, limit=asked.limit + 1)
        return answer(asked.page(found))

    @blueprint.get("/orders/<order_id>")
    def read_order(order_id: str) -> Answer:
        """Show the buyer one of their orders."""
        buyer = caller(request)
        known = orders.require_valid_id(order_id)
        with unit_of_work() as work:
            order = work.orders.get(known, buyer=buyer)
        return answer(order_json(order))

    return blueprint
