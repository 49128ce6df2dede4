"""The smallest functions: only a log line, one GetItem, one PutItem. cloud.py deploys them.

Each writes one line to its log, as all functions of the services do: the local AWS delays a function without one.
"""

import json
import os
import uuid
from typing import Any

import boto3

TABLE = os.environ.get("TABLE", "")
dynamodb = boto3.client("dynamodb")


def empty(event: dict[str, Any], _: Any) -> dict[str, Any]:
    """Return an empty answer."""
    print(json.dumps({"path": event["rawPath"]}))
    return _json(200, {})


def read_one(event: dict[str, Any], _: Any) -> dict[str, Any]:
    """Return one item by its key."""
    print(json.dumps({"path": event["rawPath"]}))
    item = dynamodb.get_item(TableName=TABLE, Key={"pk": {"S": "floor"}}, ConsistentRead=True)["Item"]
    return _json(200, {name: next(iter(value.values())) for name, value in item.items()})


def write_one(event: dict[str, Any], _: Any) -> dict[str, Any]:
    """Store the body as one item."""
    print(json.dumps({"path": event["rawPath"]}))
    form = json.loads(event["body"])
    item = {"pk": {"S": uuid.uuid4().hex}, **{name: {"S": json.dumps(value)} for name, value in form.items()}}
    dynamodb.put_item(TableName=TABLE, Item=item, ConditionExpression="attribute_not_exists(pk)")
    return _json(201, form)


def _json(status: int, body: dict[str, Any]) -> dict[str, Any]:
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}
