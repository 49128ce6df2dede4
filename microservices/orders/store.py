"""Orders in DynamoDB. Twin: monolith/orders/store.py.

    item    pk                    sk      attributes             access
    order   buyer#<buyer>         <id>    every field of Order   show, advance: GetItem; list: Query, backwards
    key     key#<buyer>#<key>     key     order_id               the order of an idempotency key: GetItem

One transaction writes an order and its idempotency key, and fails if the key exists. Every access has the buyer, so all orders
of a buyer are in one partition and a list costs one call. The event relay reads the table's stream.
"""

from typing import Any

from microservices.dynamo import Item, Values, map_failed_conditions, number, parse_timestamp, text, timestamp
from shared_domain.errors import AlreadyTaken, Conflict, NotFound
from shared_domain.orders import Line, Order, Reason, Stage


class DynamoOrders:
    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def add(self, order: Order, *, key: str) -> Order:
        key_item = {**_idempotency_key(order.buyer, key), "order_id": text(order.id)}
        unused = {"ConditionExpression": "attribute_not_exists(pk)"}
        writes = [
            {"Put": {"TableName": self._table, "Item": key_item, **unused}},
            {"Put": {"TableName": self._table, "Item": _item(order)}},
        ]
        try:
            with map_failed_conditions(AlreadyTaken("the key was used before")):
                self._dynamodb.transact_write_items(TransactItems=writes)
        except AlreadyTaken:
            return self._get_by_key(order.buyer, key)
        return order

    def get(self, order_id: str, *, buyer: str) -> Order:
        found = self._dynamodb.get_item(TableName=self._table, Key=_key(order_id, buyer), ConsistentRead=True)
        if "Item" not in found:
            raise NotFound("there is no such order")
        return parse_order(found["Item"])

    def page(self, buyer: str, *, before: str | None, limit: int) -> list[Order]:
        found = self._dynamodb.query(
            TableName=self._table,
            KeyConditionExpression="pk = :buyer" if before is None else "pk = :buyer AND sk < :before",
            ExpressionAttributeValues={":buyer": text(f"buyer#{buyer}")}
            | ({":before": text(before)} if before else {}),
            ScanIndexForward=False,
            ConsistentRead=True,
            Limit=limit,
        )
        return [parse_order(item) for item in found["Items"]]

    def save(self, order: Order, *, seen: Order) -> None:
        with map_failed_conditions(Conflict("the order has changed since it was read")):
            self._dynamodb.update_item(
                TableName=self._table,
                Key=_key(seen.id, seen.buyer),
                UpdateExpression="SET stage = :stage, reason = :reason",
                ConditionExpression="stage = :seen",
                ExpressionAttributeValues={
                    ":stage": text(order.stage),
                    ":reason": _reason(order),
                    ":seen": text(seen.stage),
                },
            )

    def _get_by_key(self, buyer: str, key: str) -> Order:
        found = self._dynamodb.get_item(TableName=self._table, Key=_idempotency_key(buyer, key), ConsistentRead=True)
        return self.get(found["Item"]["order_id"]["S"], buyer=buyer)


def is_order(key: Item) -> bool:
    """Return whether a key is that of an order: the same table, and its unfiltered stream, contain idempotency keys too."""
    return bool(key["pk"]["S"].startswith("buyer#"))


def parse_order(item: Item) -> Order:
    """Return the order of an item, which comes from the table or its stream."""
    return Order(
        id=item["sk"]["S"],
        buyer=item["buyer"]["S"],
        stage=Stage(item["stage"]["S"]),
        reason=Reason(item["reason"]["S"]) if "S" in item["reason"] else None,
        lines=tuple(_line(line["M"]) for line in item["lines"]["L"]),
        total_credits=int(item["total_credits"]["N"]),
        created_at=parse_timestamp(item["created_at"]),
    )


def _key(order_id: str, buyer: str) -> Values:
    return {"pk": text(f"buyer#{buyer}"), "sk": text(order_id)}


def _idempotency_key(buyer: str, key: str) -> Values:
    return {"pk": text(f"key#{buyer}#{key}"), "sk": text("key")}


def _item(order: Order) -> Values:
    lines = [
        {"M": {"sku": text(line.sku), "post_id": text(line.post_id), "quantity": number(line.quantity)}}
        for line in order.lines
    ]
    return {
        **_key(order.id, order.buyer),
        "buyer": text(order.buyer),
        "stage": text(order.stage),
        "reason": _reason(order),
        "lines": {"L": lines},
        "total_credits": number(order.total_credits),
        "created_at": timestamp(order.created_at),
    }


def _reason(order: Order) -> dict[str, Any]:
    return {"NULL": True} if order.reason is None else text(order.reason)


def _line(item: Item) -> Line:
    return Line(sku=item["sku"]["S"], post_id=item["post_id"]["S"], quantity=int(item["quantity"]["N"]))
