"""Orders in DynamoDB. Twin: monolith/orders/store.py.

    item    pk                    sk      attributes             access
    order   buyer#<buyer>         <id>    every field of Order   show, go on: GetItem; list: Query, backwards
    key     key#<buyer>#<key>     key     order_id               the key's order: GetItem

An order and its key are written in one transaction, the key only where it is free. Its buyer is known wherever an order is
asked for, so all orders of a buyer lie together and a list costs one call. The outbox follows the table's stream.
"""

from typing import Any

from microservices.dynamo import Item, Values, number, refused, text
from shared_domain.contract.times import from_rfc3339, to_rfc3339
from shared_domain.errors import AlreadyTaken, Conflict, NotFound
from shared_domain.orders import Line, Order, Reason, Stage


class DynamoOrders:
    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def add(self, order: Order, *, key: str) -> Order:
        used = {**_key_key(order.buyer, key), "order_id": text(order.id)}
        free = {"ConditionExpression": "attribute_not_exists(pk)"}
        writes = [
            {"Put": {"TableName": self._table, "Item": used, **free}},
            {"Put": {"TableName": self._table, "Item": _item(order)}},
        ]
        try:
            with refused(AlreadyTaken("the key was used before")):
                self._dynamodb.transact_write_items(TransactItems=writes)
        except AlreadyTaken:
            return self._earlier(order.buyer, key)
        return order

    def get(self, order_id: str, *, buyer: str) -> Order:
        found = self._dynamodb.get_item(TableName=self._table, Key=_key(order_id, buyer), ConsistentRead=True)
        if "Item" not in found:
            raise NotFound("there is no such order")
        return order_from(found["Item"])

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
        return [order_from(item) for item in found["Items"]]

    def save(self, order: Order, *, seen: Order) -> None:
        with refused(Conflict("the order went on meanwhile")):
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

    def _earlier(self, buyer: str, key: str) -> Order:
        used = self._dynamodb.get_item(TableName=self._table, Key=_key_key(buyer, key), ConsistentRead=True)
        return self.get(used["Item"]["order_id"]["S"], buyer=buyer)


def is_order(key: Item) -> bool:
    """Tell an order from the keys that lie in the same table, and in its stream where nothing filters it."""
    return bool(key["pk"]["S"].startswith("buyer#"))


def order_from(item: Item) -> Order:
    """Return the order of an item of the table, or of its stream."""
    return Order(
        id=item["sk"]["S"],
        buyer=item["buyer"]["S"],
        stage=Stage(item["stage"]["S"]),
        reason=Reason(item["reason"]["S"]) if "S" in item["reason"] else None,
        lines=tuple(_line(line["M"]) for line in item["lines"]["L"]),
        total_credits=int(item["total_credits"]["N"]),
        created_at=from_rfc3339(item["created_at"]["S"]),
    )


def _key(order_id: str, buyer: str) -> Values:
    return {"pk": text(f"buyer#{buyer}"), "sk": text(order_id)}


def _key_key(buyer: str, key: str) -> Values:
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
        "created_at": text(to_rfc3339(order.created_at)),
    }


def _reason(order: Order) -> dict[str, Any]:
    return {"NULL": True} if order.reason is None else text(order.reason)


def _line(item: Item) -> Line:
    return Line(sku=item["sku"]["S"], post_id=item["post_id"]["S"], quantity=int(item["quantity"]["N"]))
