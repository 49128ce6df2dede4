"""A table as every room has it, for tests that deploy no stack."""

from typing import Any


def make_table(dynamodb: Any, name: str) -> None:
    """Make a table of the key form that all rooms share."""
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk")],
        BillingMode="PAY_PER_REQUEST",
    )
