"""Sign-in attempts in DynamoDB. Twin: monolith/users/attempts.py.

    item      pk                sk                                  attributes             access
    counter   user#<username>   attempts#<network>#<window's end>   attempts, expires_at   count: UpdateItem, clear: DeleteItem

It is in the table of store.py. DynamoDB deletes expired counters, up to two days late, which is harmless: the key has the window.
"""

from typing import Any

from microservices.dynamo import Values, expiry, map_failed_conditions, number, text
from shared_domain.attempts import MAX_ATTEMPTS, Attempt, too_many_attempts


class DynamoAttempts:
    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def count(self, attempt: Attempt) -> None:
        with map_failed_conditions(too_many_attempts(attempt)):
            self._dynamodb.update_item(
                TableName=self._table,
                Key=_key(attempt),
                UpdateExpression="SET expires_at = :expires_at ADD attempts :one",
                ConditionExpression="attribute_not_exists(pk) OR attempts < :most",
                ExpressionAttributeValues={
                    ":expires_at": expiry(attempt.window_end),
                    ":one": number(1),
                    ":most": number(MAX_ATTEMPTS),
                },
            )

    def clear(self, attempt: Attempt) -> None:
        self._dynamodb.delete_item(TableName=self._table, Key=_key(attempt))


def _key(attempt: Attempt) -> Values:
    counter = f"attempts#{attempt.network}#{int(attempt.window_end.timestamp())}"
    return {"pk": text(f"user#{attempt.username}"), "sk": text(counter)}
