"""Create a DynamoDB table with the services' keys, for tests without a deployment."""

from typing import Any


def make_table(dynamodb: Any, name: str) -> None:
    """Create a table with the keys that all services use."""
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk")],
        BillingMode="PAY_PER_REQUEST",
    )
