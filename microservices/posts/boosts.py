"""Posts boosts for orders: all posts of an order or none, once. The monolith has no such file: there, it is an UPDATE.

    item       pk             sk       attributes   access
    delivery   order#<id>     order    done         GetItem

It is written with the posts, in one transaction of eleven items at most, and makes a repeated event harmless: whoever asks
again reads what was answered then. The followers of the table's stream pass it over.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from microservices.conflicts import retry_on_conflict
from microservices.dynamo import Values, batch_get, refused, text
from microservices.post_item import post_from, post_key
from shared_domain import posts
from shared_domain.contract.times import to_rfc3339
from shared_domain.errors import AlreadyTaken, Conflict
from shared_domain.orders import Order, Stage, days_by_post
from shared_domain.posts import Post


class Boosts:
    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    @retry_on_conflict
    def settle(self, order: Order, *, now: datetime) -> bool:
        """Boost the posts of an order, or where nobody paid for it only look for them; return whether all are there."""
        days = days_by_post(order)
        seen = self._seen(days)
        are_there = len(seen) == len(days)
        if order.stage == Stage.UNPAID:
            return are_there
        if not are_there:
            return self._refuse(order)
        return self._boost(order, {post: posts.boosted_until(post, days=days[post.id], now=now) for post in seen})

    def _seen(self, days: Mapping[str, int]) -> list[Post]:
        known = filter(posts.is_valid_id, days)  # no store is asked for a hostile string
        keys = [post_key(post_id) for post_id in known]
        return [post_from(item) for item in batch_get(self._dynamodb, self._table, keys)]  # network

    def _boost(self, order: Order, until: Mapping[Post, datetime]) -> bool:
        updates = [{"Update": self._update(seen, moment)} for seen, moment in until.items()]
        writes = [{"Put": self._delivery(order, done=True)}, *updates]
        meanwhile = [Conflict("the post changed meanwhile")] * len(updates)
        try:
            with refused(AlreadyTaken("it was answered before"), *meanwhile):
                self._dynamodb.transact_write_items(TransactItems=writes)  # network
        except AlreadyTaken:
            return self._was_done(order)
        return True

    def _refuse(self, order: Order) -> bool:
        """Refuse for good, unless the order was answered before: its credits go back."""
        with suppress(AlreadyTaken), refused(AlreadyTaken("it was answered before")):
            self._dynamodb.put_item(**self._delivery(order, done=False))  # network
        return self._was_done(order)

    def _was_done(self, order: Order) -> bool:
        found = self._dynamodb.get_item(TableName=self._table, Key=_delivery_key(order), ConsistentRead=True)  # network
        return bool(found["Item"]["done"]["BOOL"])

    def _delivery(self, order: Order, *, done: bool) -> dict[str, Any]:
        item = {**_delivery_key(order), "done": {"BOOL": done}}
        return {"TableName": self._table, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}

    def _update(self, seen: Post, until: datetime) -> dict[str, Any]:
        values = {":until": text(to_rfc3339(until))}
        as_seen = "attribute_not_exists(boosted_until)"
        if seen.boosted_until is not None:
            values[":seen"] = text(to_rfc3339(seen.boosted_until))
            as_seen = "boosted_until = :seen"
        return {
            "TableName": self._table,
            "Key": post_key(seen.id),
            "UpdateExpression": "SET boosted_until = :until",
            "ConditionExpression": f"attribute_exists(pk) AND {as_seen}",
            "ExpressionAttributeValues": values,
        }


def _delivery_key(order: Order) -> Values:
    return {"pk": text(f"order#{order.id}"), "sk": text("order")}
