"""Users pays for orders: credits are taken and given back, once each. The monolith has no such file: there, it is an UPDATE.

    item      pk               sk            attributes                            access
    payment   user#<buyer>     order#<id>    state: taken, refused or given_back   GetItem

It lies beside the user of store.py and changes with the credits, in one transaction. So it is what makes a repeated event
harmless: whoever asks again reads what was answered then.
"""

from contextlib import suppress
from typing import Any

from microservices.conflicts import retry_on_conflict
from microservices.dynamo import Values, number, refused, text
from shared_domain.errors import AlreadyTaken, NotAllowed, NotFound
from shared_domain.orders import Order, Stage

TAKEN, REFUSED, GIVEN_BACK = "taken", "refused", "given_back"


class Credits:
    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    @retry_on_conflict
    def settle(self, order: Order) -> bool:
        """Take an order's credits, or give them back where it is undeliverable; return whether that is done."""
        return self._give_back(order) if order.stage == Stage.UNDELIVERABLE else self._take(order)

    def _take(self, order: Order) -> bool:
        writes = [{"Put": self._payment(order, TAKEN)}, self._change(order, by=-order.total_credits)]
        try:
            with refused(AlreadyTaken("it was answered before"), NotAllowed("there are not so many credits")):
                self._dynamodb.transact_write_items(TransactItems=writes)  # network
        except AlreadyTaken:
            return self._state(order) != REFUSED
        except NotAllowed:
            return self._refuse(order)
        return True

    def _refuse(self, order: Order) -> bool:
        """Refuse for good, unless the order was answered meanwhile: credits that come back later pay for later orders."""
        with suppress(AlreadyTaken), refused(AlreadyTaken("it was answered before")):
            self._dynamodb.put_item(**self._payment(order, REFUSED))  # network
        return self._state(order) != REFUSED

    def _give_back(self, order: Order) -> bool:
        try:
            with refused(AlreadyTaken("it was answered before")):
                self._dynamodb.transact_write_items(  # network
                    TransactItems=[self._given_back(order), self._change(order, by=order.total_credits)]
                )
        except AlreadyTaken:
            if self._state(order) != GIVEN_BACK:
                raise NotFound("nothing was taken for this order") from None
        return True

    def _state(self, order: Order) -> str | None:
        found = self._dynamodb.get_item(TableName=self._table, Key=_payment_key(order), ConsistentRead=True)  # network
        return str(found["Item"]["state"]["S"]) if "Item" in found else None

    def _payment(self, order: Order, state: str) -> dict[str, Any]:
        item = {**_payment_key(order), "state": text(state), "credits": number(order.total_credits)}
        return {"TableName": self._table, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}

    def _given_back(self, order: Order) -> dict[str, Any]:
        update = {
            "TableName": self._table,
            "Key": _payment_key(order),
            "UpdateExpression": "SET #state = :given_back",
            "ConditionExpression": "#state = :taken",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": {":given_back": text(GIVEN_BACK), ":taken": text(TAKEN)},
        }
        return {"Update": update}

    def _change(self, order: Order, *, by: int) -> dict[str, Any]:
        """Return the write that changes the buyer's credits, if that leaves none below zero."""
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
