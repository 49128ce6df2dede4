"""Orders over HTTP, in a function of their own. Twin: monolith/orders/routes.py."""

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from microservices.clock import new_id, now
from microservices.conflicts import retry_on_conflict
from microservices.edge import Response, body, current_user, header, query, respond
from microservices.orders.store import DynamoOrders
from shared_domain import orders
from shared_domain.contract.orders import NewOrder, order_json, parse_orders_query


def routes(store: DynamoOrders) -> APIGatewayHttpRouter:
    router = APIGatewayHttpRouter()

    @router.post("/orders")
    @retry_on_conflict
    def place() -> Response:
        """Order boosts for posts, once for each idempotency key."""
        buyer = current_user()
        key = orders.parse_idempotency_key(header("idempotency-key"))
        form = body(NewOrder)
        moment = now()
        order = orders.place(id=new_id(moment), buyer=buyer, lines=form.lines, now=moment)
        stored = store.add(order, key=key)  # network: one transaction for the order and its key
        if stored.id != order.id:
            return respond(order_json(orders.require_same_order(stored, requested=order)))
        # eventual: the table's stream starts the saga that settles the order
        return respond(order_json(order), 201, location=f"/orders/{order.id}")

    @router.get("/orders")
    def list_orders() -> Response:
        """Return a page of the current user's orders, newest first."""
        orders_query = parse_orders_query(query(), buyer=current_user())
        items = store.page(orders_query.buyer, before=orders_query.before, limit=orders_query.limit + 1)  # network
        return respond(orders_query.page_json(items))

    @router.get("/orders/<order_id>")
    def read_order(order_id: str) -> Response:
        """Return an order to its buyer."""
        buyer = current_user()
        order_id = orders.require_valid_id(order_id)
        order = store.get(order_id, buyer=buyer)  # network
        return respond(order_json(order))

    return router
