"""How an order settles: stage by stage, as the other services tell how they did. Twin: monolith/orders/settlement.py.

    orders (http)   writes the order ──▶ stream ──▶ outbox ──▶ topic: order.placed
    users-credits   takes the credits ──▶ topic: order.answered
    orders-saga     PAID ──▶ stream ──▶ outbox ──▶ topic: order.paid
    posts-boosts    boosts the posts ──▶ topic: order.answered
    orders-saga     FULFILLED; where something was refused, the other branches of shared_domain/orders.py

Who hears an event has a queue of its own between, and no service knows another's.

# eventual: every arrow is delivered at least once, late, or out of turn. Each step is keyed by the order and says the same when
it is asked again, and an order takes no news of another stage than its own.
"""

from microservices.conflicts import retry_on_conflict
from microservices.order_events import parse_outcome
from microservices.orders.store import DynamoOrders
from shared_domain import orders


@retry_on_conflict
def go_on(store: DynamoOrders, event: str) -> None:
    """Take in how it went with an order's stage. Raise NotFound for an order that nobody placed, KeyError for what cannot be."""
    told = parse_outcome(event)
    if told is None:
        return
    seen = store.get(told.order_id, buyer=told.buyer)  # network
    order = orders.advance(seen, told.stage, done=told.done)
    if order != seen:
        store.save(order, seen=seen)  # network
