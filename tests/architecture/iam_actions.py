"""Find the IAM actions that a function's code needs: the operations of AWS clients in its reachable code.

A client is recognised by its name, as in `self._dynamodb.put_item` or `client("s3").get_object`. A client with another name
is recognised by the operation, unless one of our methods has the same name.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import botocore.session
from botocore import xform_name

from tests.architecture.reachable_code import Unit, reachable

SERVICES = (
    "apigatewaymanagementapi",
    "codecommit",
    "dynamodb",
    "kinesis",
    "lambda",
    "s3",
    "secretsmanager",
    "sns",
    "sqs",
)
ALLOWED_BY = {  # operations whose IAM action has another name
    "dynamodb:TransactGetItems": {"dynamodb:GetItem"},
    "execute-api:DeleteConnection": {"execute-api:ManageConnections"},
    "execute-api:GetConnection": {"execute-api:ManageConnections"},
    "execute-api:PostToConnection": {"execute-api:ManageConnections"},
    "lambda:Invoke": {"lambda:InvokeFunction"},
    "s3:CopyObject": {"s3:GetObject", "s3:PutObject"},
    "s3:DeleteObjects": {"s3:DeleteObject"},
    "s3:HeadObject": {"s3:GetObject"},
    "s3:ListObjectsV2": {"s3:ListBucket"},
    "sns:PublishBatch": {"sns:Publish"},
    "sqs:DeleteMessageBatch": {"sqs:DeleteMessage"},
    "sqs:SendMessageBatch": {"sqs:SendMessage"},
}
MEMBERS = {  # IAM checks the items of a transaction
    "ConditionCheck": "dynamodb:ConditionCheckItem",
    "Delete": "dynamodb:DeleteItem",
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
}
TRANSACTION = "dynamodb:TransactWriteItems"
NO_OPERATION = {"close", "exceptions", "meta"}


class Unreadable(Exception):
    """A client is used in an unknown way. The message holds the place."""


def actions(files: Mapping[str, Path], handler: str) -> set[str]:
    """Return the IAM actions of all calls in the code that the handler can reach."""
    units = reachable(files, handler)
    ours = {node.name for unit in units for node in unit.nodes if isinstance(node, ast.FunctionDef)}
    called = {operation for unit in units for operation in _operations(unit, ours)}
    members = {MEMBERS[key] for unit in units for key in _keys(unit.nodes) if key in MEMBERS}
    return {
        action
        for operation in called
        for action in (members if operation == TRANSACTION else ALLOWED_BY.get(operation, {operation}))
    }


def _operations(unit: Unit, ours: set[str]) -> Iterator[str]:
    for node in unit.nodes:
        if isinstance(node, ast.Attribute):
            service = _service(node.value, unit)
            if service is not None:
                yield from _of_client(node, service, unit)
            elif node.attr not in ours:
                yield from _of_any_client(node.attr)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("get_paginator", "get_waiter")):
            yield from _of_any_client(ast.literal_eval(node.args[0]))


def _of_client(node: ast.Attribute, service: str, unit: Unit) -> Iterator[str]:
    if node.attr in operations(service):
        yield operations(service)[node.attr]
    elif node.attr not in {"get_paginator", "get_waiter", *NO_OPERATION}:
        raise Unreadable(f"{unit.module}:{node.lineno}: {service} has no operation {node.attr}")


def _of_any_client(name: str) -> Iterator[str]:
    return (operations(service)[name] for service in SERVICES if name in operations(service))


def _service(client: ast.expr, unit: Unit) -> str | None:
    """Return the service of a client expression, from its name or from the call that creates it."""
    if isinstance(client, ast.Call) and ast.unparse(client.func) in ("client", "aws.client"):
        if not (client.args and isinstance(client.args[0], ast.Constant)):
            raise Unreadable(f"{unit.module}:{client.lineno}: unknown service")
        return str(client.args[0].value)
    last = client.attr if isinstance(client, ast.Attribute) else getattr(client, "id", "")
    return last.lstrip("_") if last.lstrip("_") in SERVICES else None


@cache
def operations(service: str) -> dict[str, str]:
    """Return the operations of a service: method name → IAM name."""
    model = botocore.session.get_session().get_service_model(service)
    return {xform_name(name): f"{model.signing_name}:{name}" for name in model.operation_names}


def _keys(nodes: Iterable[ast.AST]) -> Iterator[object]:
    dicts = (node for node in nodes if isinstance(node, ast.Dict))
    return (key.value for node in dicts for key in node.keys if isinstance(key, ast.Constant))
