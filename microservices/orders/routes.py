"""Orders over HTTP, in a function of their own. Twin: monolith/orders/routes.py."""

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from microservices.clock import new_id, now
from microservices.conflicts import retry_on_conflict
from microservices.edge import Answer, answer, body, caller, query
from microservices.orders.store import DynamoOrders
from shared_domain import orders
from shared_domain.contract.orders import NewOrder, order_json, parse_orders_query


def routes(store: DynamoOrders) -> APIGatewayHttpRouter:
    router = APIGatewayHttpRouter()

    @router.post("/orders")
    @retry_on_conflict
    def place() -> Answer:
        """Boost posts for the caller's credits, once for each key."""
        buyer = caller(router.current_event)
        key = orders.idempotency_key(router.current_event.headers.get("idempotency-key"))
        form = body(router.current_event, NewOrder)
        moment = now()
        order = orders.place(id=new_id(moment), buyer=buyer, lines=form.lines, now=moment)
        kept = store.add(order, key=key)  # network: one transaction, the order and its key
        if kept.id != order.id:
            return answer(order_json(orders.require_same_order(kept, requested=order)))
        # eventual: the table's stream begins the saga that settles it
        return answer(order_json(order), 201, location=f"/orders/{order.id}")

    @router.get("/orders")
    def list_orders() -> Answer:
        """Show a page of the caller's orders, newest first."""
        asked = parse_orders_query(query(router.current_event), buyer=caller(router.current_event))
        found = store.page(asked.buyer, before=asked.before, limit=asked.limit + 1)  # network
        return answer(asked.page(found))

    @router.get("/orders/<order_id>")
    def read_order(order_id: str) -> Answer:
        """Show the buyer one of their orders."""
        buyer = caller(router.current_event)
        known = orders.require_valid_id(order_id)
        order = store.get(known, buyer=buyer)  # network
        return answer(order_json(order))

    return router
