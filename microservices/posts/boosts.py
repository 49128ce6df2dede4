"""Boost the posts of an order: all of them or none, and only once. The monolith has no such file: it runs an UPDATE.

    item       pk             sk       attributes   access
    delivery   order#<id>     order    done         GetItem

One transaction of at most eleven items writes the delivery with the posts. It makes repeated events harmless: if
the order has a delivery, the step returns the earlier outcome. The functions on the table's stream ignore deliveries.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from microservices.conflicts import retry_on_conflict
from microservices.dynamo import Values, batch_get, map_failed_conditions, text, timestamp
from microservices.post_item import parse_post, post_key
from shared_domain import posts
from shared_domain.errors import AlreadyTaken, Conflict
from shared_domain.orders import Order, Stage, days_by_post
from shared_domain.posts import Post


class Boosts:
    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    @retry_on_conflict
    def execute_step(self, order: Order, *, now: datetime) -> bool:
        """Boost the posts of a paid order; for an unpaid one, only look them up. Return whether all posts exist."""
        days = days_by_post(order)
        seen = self._read_posts(days)
        all_exist = len(seen) == len(days)
        if order.stage == Stage.UNPAID:
            return all_exist
        if not all_exist:
            return self._refuse(order)
        return self._boost(order, {post: posts.extend_boost(post, days=days[post.id], now=now) for post in seen})

    def _read_posts(self, days: Mapping[str, int]) -> list[Post]:
        keys = [
            post_key(post_id) for post_id in days if posts.is_valid_id(post_id)
        ]  # malformed ids never reach the store
        return [parse_post(item) for item in batch_get(self._dynamodb, self._table, keys)]  # network

    def _boost(self, order: Order, until: Mapping[Post, datetime]) -> bool:
        updates = [{"Update": self._update_post(seen, moment)} for seen, moment in until.items()]
        writes = [{"Put": self._put_delivery(order, done=True)}, *updates]
        conflicts = [Conflict("the post has changed since it was read")] * len(updates)
        try:
            with map_failed_conditions(AlreadyTaken("the order has a delivery"), *conflicts):
                self._dynamodb.transact_write_items(TransactItems=writes)  # network
        except AlreadyTaken:
            return self._get_outcome(order)
        return True

    def _refuse(self, order: Order) -> bool:
        """Refuse the order for good, unless it has an outcome already: the saga refunds it, so no retry may boost the posts."""
        with suppress(AlreadyTaken), map_failed_conditions(AlreadyTaken("the order has a delivery")):
            self._dynamodb.put_item(**self._put_delivery(order, done=False))  # network
        return self._get_outcome(order)

    def _get_outcome(self, order: Order) -> bool:
        found = self._dynamodb.get_item(TableName=self._table, Key=_delivery_key(order), ConsistentRead=True)  # network
        return bool(found["Item"]["done"]["BOOL"])

    def _put_delivery(self, order: Order, *, done: bool) -> dict[str, Any]:
        item = {**_delivery_key(order), "done": {"BOOL": done}}
        return {"TableName": self._table, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}

    def _update_post(self, seen: Post, until: datetime) -> dict[str, Any]:
        values = {":until": timestamp(until)}
        unchanged = "attribute_not_exists(boosted_until)"
        if seen.boosted_until is not None:
            values[":seen"] = timestamp(seen.boosted_until)
            unchanged = "boosted_until = :seen"
        return {
            "TableName": self._table,
            "Key": post_key(seen.id),
            "UpdateExpression": "SET boosted_until = :until",
            "ConditionExpression": f"attribute_exists(pk) AND {unchanged}",
            "ExpressionAttributeValues": values,
        }


def _delivery_key(order: Order) -> Values:
    return {"pk": text(f"order#{order.id}"), "sk": text("order")}
