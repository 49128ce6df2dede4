"""How an order settles: stage by stage, within the transaction that keeps it. Twin: microservices/orders/saga.py."""

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
    """Return the order once nothing is left to do for it.

    # transaction: the buyer's row is locked first, then the posts in the order of their ids, so that no two orders wait for
    each other; and nobody sees a stage between the first and the last.
    """
    settled = order
    while not orders.is_settled(settled):
        settled = orders.advance(settled, settled.stage, done=_do(settled, work, now))
    work.orders.save(settled)
    return settled


def _do(order: Order, work: Stores, now: datetime) -> bool:
    """Do what the order's stage asks for, or return False."""
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
    held = work.posts.get_many_for_update(list(days))
    if len(held) < len(days):
        return False
    work.posts.boost({post.id: posts.boosted_until(post, days=days[post.id], now=now) for post in held})
    return True
