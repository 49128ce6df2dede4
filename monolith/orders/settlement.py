"""Settle an order: all stages in the transaction that inserts it. Twin: microservices/orders/saga.py."""

from datetime import datetime

from sqlalchemy import Connection

from monolith.orders.store import SqlOrders
from monolith.posts.store import SqlPosts
from monolith.users.store import SqlUsers
from shared_domain import orders, posts
from shared_domain.orders import Order, Stage


class Stores:
    """The stores of one transaction of this module."""

    def __init__(self, connection: Connection) -> None:
        self.orders = SqlOrders(connection)
        self.users = SqlUsers(connection)
        self.posts = SqlPosts(connection)


def settle(order: Order, work: Stores, *, now: datetime) -> Order:
    """Take the order to a final stage, save it and return it.

    # transaction: locks the buyer's row first and then the posts in the order of their ids, so that two orders never deadlock.
    No other transaction sees a stage between the first and the last.
    """
    settled = order
    while not orders.is_settled(settled):
        settled = orders.advance(settled, settled.stage, done=_execute_step(settled, work, now))
    work.orders.save(settled)
    return settled


def _execute_step(order: Order, work: Stores, now: datetime) -> bool:
    """Execute the step of the order's stage. Return False if it is refused."""
    match order.stage:
        case Stage.PLACED:
            return work.users.debit(order.buyer, credits=order.total_credits)
        case Stage.PAID:
            return _boost(order, work, now)
        case Stage.UNDELIVERABLE:
            work.users.refund(order.buyer, credits=order.total_credits)
            return True
        case _:
            days = orders.days_by_post(order)
            return len(work.posts.get_many_for_update(list(days))) == len(days)


def _boost(order: Order, work: Stores, now: datetime) -> bool:
    days = orders.days_by_post(order)
    locked = work.posts.get_many_for_update(list(days))
    if len(locked) < len(days):
        return False
    work.posts.boost({post.id: posts.extend_boost(post, days=days[post.id], now=now) for post in locked})
    return True
