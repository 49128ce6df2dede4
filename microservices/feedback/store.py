"""Feedback in DynamoDB. Twin: monolith/feedback/store.py.

    item       pk         sk      attributes                 access
    feedback   feedback   <id>    every field of Feedback    newest first: Query, backwards

An id begins with its time, so the sort key orders by creation. All feedback is in one partition, which takes 1,000 write units
a second.
"""

from typing import Any

from microservices.dynamo import Item, Values, parse_timestamp, text, timestamp
from shared_domain.feedback import Feedback

_PARTITION = text("feedback")


class DynamoFeedback:
    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def add(self, feedback: Feedback) -> None:
        self._dynamodb.put_item(TableName=self._table, Item=_item(feedback))

    def page(self, *, before: str | None, limit: int) -> list[Feedback]:
        page = self._dynamodb.query(  # one call: a hundred of the longest messages stay below its limit of 1 MB
            TableName=self._table,
            KeyConditionExpression="pk = :all" if before is None else "pk = :all AND sk < :before",
            ExpressionAttributeValues={":all": _PARTITION} | ({":before": text(before)} if before else {}),
            ScanIndexForward=False,
            ConsistentRead=True,
            Limit=limit,
        )
        return [_feedback(item) for item in page["Items"]]


def _item(feedback: Feedback) -> Values:
    contact = {} if feedback.contact is None else {"contact": text(feedback.contact)}
    return {
        "pk": _PARTITION,
        "sk": text(feedback.id),
        "message": text(feedback.message),
        "created_at": timestamp(feedback.created_at),
        **contact,
    }


def _feedback(item: Item) -> Feedback:
    return Feedback(
        id=item["sk"]["S"],
        message=item["message"]["S"],
        contact=item["contact"]["S"] if "contact" in item else None,
        created_at=parse_timestamp(item["created_at"]),
    )
