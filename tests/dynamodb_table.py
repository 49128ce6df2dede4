"""A table as every feature has it, for tests that deploy no stack."""

from typing import Any


def make_table(dynamodb: Any, name: str) -> None:
    """Make a table of the key form that all features share."""
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk")],
        BillingMode="PAY_PER_REQUEST",
    )
