"""Settle an order: advance it from stage to stage as the other services report outcomes. Twin: monolith/orders/settlement.py.

    orders-http     writes the order ──▶ stream ──▶ orders-event-relay ──▶ topic: order.placed
    users-credits   debits the credits ──▶ topic: order.answered
    orders-saga     PAID ──▶ stream ──▶ orders-event-relay ──▶ topic: order.paid
    posts-boosts    boosts the posts ──▶ topic: order.answered
    orders-saga     FULFILLED; after a refusal, the other branches of shared_domain/orders.py

Each subscriber receives events through a queue of its own, so no service depends on another.

# eventual: every arrow delivers at least once, late, or out of order. Each step is keyed by the order and returns the same
outcome when it is repeated. An order ignores the outcome of a stage that it has left.
"""

from microservices.conflicts import retry_on_conflict
from microservices.order_events import parse_outcome
from microservices.orders.store import DynamoOrders
from shared_domain import orders


@retry_on_conflict
def handle_event(store: DynamoOrders, event: str) -> None:
    """Advance an order after the outcome of its stage's step; ignore an event of another type.

    Raise NotFound for an unknown order, KeyError for an outcome that the stage cannot have.
    """
    outcome = parse_outcome(event)
    if outcome is None:
        return
    seen = store.get(outcome.order_id, buyer=outcome.buyer)  # network
    order = orders.advance(seen, outcome.stage, done=outcome.done)
    if order != seen:
        store.save(order, seen=seen)  # network
