"""Orders over HTTP, in a function of their own. Twin: monolith/orders/routes.py."""

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from microservices.clock import new_id, now
from microservices.edge import Answer, answer, body, caller, query
from microservices.orders.store import DynamoOrders
from microservices.races import runs_again
from shared_domain import orders
from shared_domain.contract.orders import NewOrder, order_json, orders_asked


def routes(store: DynamoOrders) -> APIGatewayHttpRouter:
    room = APIGatewayHttpRouter()

    @room.post("/orders")
    @runs_again
    def place() -> Answer:
        """Boost posts for the caller's credits, once for each key."""
        buyer = caller(room.current_event)
        key = orders.idempotency_key(room.current_event.headers.get("idempotency-key"))
        form = body(room.current_event, NewOrder)
        moment = now()
        order = orders.place(id=new_id(moment), buyer=buyer, lines=form.lines, now=moment)
        kept = store.add(order, key=key)  # network: one transaction, the order and its key
        if kept.id != order.id:
            return answer(order_json(orders.repeated(kept, asked=order)))
        # eventual: the table's stream begins the saga that settles it
        return answer(order_json(order), 201, location=f"/orders/{order.id}")

    @room.get("/orders")
    def list_orders() -> Answer:
        """Show a page of the caller's orders, newest first."""
        asked = orders_asked(query(room.current_event), buyer=caller(room.current_event))
        found = store.page(asked.buyer, before=asked.before, limit=asked.limit + 1)  # network
        return answer(asked.page(found))

    @room.get("/orders/<order_id>")
    def read_order(order_id: str) -> Answer:
        """Show the buyer one of their orders."""
        buyer = caller(room.current_event)
        known = orders.known_form(order_id)
        order = store.get(known, buyer=buyer)  # network
        return answer(order_json(order))

    return room
