"""Charge orders: debit a buyer's credits and refund them, once each. The monolith has no such file: it runs an UPDATE.

    item      pk               sk            attributes                            access
    payment   user#<buyer>     order#<id>    state: debited, refused or refunded   GetItem

It is in the partition of the user of store.py, and one transaction writes both. It makes repeated events harmless:
if the order has a payment, the step returns the earlier outcome.
"""

from contextlib import suppress
from typing import Any

from microservices.conflicts import retry_on_conflict
from microservices.dynamo import Values, map_failed_conditions, number, text
from shared_domain.errors import AlreadyTaken, NotAllowed, NotFound
from shared_domain.orders import Order, Stage

DEBITED, REFUSED, REFUNDED = "debited", "refused", "refunded"


class Credits:
    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    @retry_on_conflict
    def execute_step(self, order: Order) -> bool:
        """Debit an order's credits, or refund them if it is undeliverable; return whether that is done."""
        return self._refund(order) if order.stage == Stage.UNDELIVERABLE else self._debit(order)

    def _debit(self, order: Order) -> bool:
        writes = [{"Put": self._put_payment(order, DEBITED)}, self._change_credits(order, by=-order.total_credits)]
        errors = (AlreadyTaken("the order has a payment"), NotAllowed("the buyer has too few credits"))
        try:
            with map_failed_conditions(*errors):
                self._dynamodb.transact_write_items(TransactItems=writes)  # network
        except AlreadyTaken:
            return self._get_state(order) != REFUSED
        except NotAllowed:
            return self._refuse(order)
        return True

    def _refuse(self, order: Order) -> bool:
        """Refuse the order for good, unless it was paid meanwhile. Credits that arrive later do not pay for it."""
        with suppress(AlreadyTaken), map_failed_conditions(AlreadyTaken("the order has a payment")):
            self._dynamodb.put_item(**self._put_payment(order, REFUSED))  # network
        return self._get_state(order) != REFUSED

    def _refund(self, order: Order) -> bool:
        try:
            with map_failed_conditions(AlreadyTaken("the payment is not in state debited")):
                self._dynamodb.transact_write_items(  # network
                    TransactItems=[self._mark_refunded(order), self._change_credits(order, by=order.total_credits)]
                )
        except AlreadyTaken:
            if self._get_state(order) != REFUNDED:
                raise NotFound("no credits were debited for this order") from None
        return True

    def _get_state(self, order: Order) -> str | None:
        found = self._dynamodb.get_item(TableName=self._table, Key=_payment_key(order), ConsistentRead=True)  # network
        return str(found["Item"]["state"]["S"]) if "Item" in found else None

    def _put_payment(self, order: Order, state: str) -> dict[str, Any]:
        item = {**_payment_key(order), "state": text(state), "credits": number(order.total_credits)}
        return {"TableName": self._table, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}

    def _mark_refunded(self, order: Order) -> dict[str, Any]:
        update = {
            "TableName": self._table,
            "Key": _payment_key(order),
            "UpdateExpression": "SET #state = :refunded",
            "ConditionExpression": "#state = :debited",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": {":refunded": text(REFUNDED), ":debited": text(DEBITED)},
        }
        return {"Update": update}

    def _change_credits(self, order: Order, *, by: int) -> dict[str, Any]:
        """Return the write that changes the buyer's credits, on the condition that they do not become negative."""
        update = {
            "TableName": self._table,
            "Key": {"pk": text(f"user#{order.buyer}"), "sk": text("profile")},
            "UpdateExpression": "SET credits = credits + :by",
            "ConditionExpression": "credits >= :least",
            "ExpressionAttributeValues": {":by": number(by), ":least": number(max(-by, 0))},
        }
        return {"Update": update}


def _payment_key(order: Order) -> Values:
    return {"pk": text(f"user#{order.buyer}"), "sk": text(f"order#{order.id}")}
