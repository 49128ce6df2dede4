"""Which IAM actions a function's code asks for: the operations of AWS clients that its reachable code names.

A client is known by its name, as in `self._dynamodb.put_item` or `client("s3").get_object`. Where it has another name, the
operation's own name tells, as long as none of our methods is called like it.
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
ALLOWED_BY = {  # where the action that allows an operation has not its name
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
MEMBERS = {  # of a transaction, which is allowed by what it is made of
    "ConditionCheck": "dynamodb:ConditionCheckItem",
    "Delete": "dynamodb:DeleteItem",
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
}
TRANSACTION = "dynamodb:TransactWriteItems"
ASKS_NOTHING = {"close", "exceptions", "meta"}


class Unreadable(Exception):
    """A client is used in a way that this reading does not understand; the message says where."""


def actions(files: Mapping[str, Path], handler: str) -> set[str]:
    """Return the IAM actions of all calls in the code that runs where these modules are loaded for the handler."""
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
    elif node.attr not in {"get_paginator", "get_waiter", *ASKS_NOTHING}:
        raise Unreadable(f"{unit.module}:{node.lineno}: {service} has no operation {node.attr}")


def _of_any_client(name: str) -> Iterator[str]:
    return (operations(service)[name] for service in SERVICES if name in operations(service))


def _service(client: ast.expr, unit: Unit) -> str | None:
    """Return the service whose client stands before a dot: by its name, or by the call that makes it."""
    if isinstance(client, ast.Call) and ast.unparse(client.func) in ("client", "aws.client"):
        if not (client.args and isinstance(client.args[0], ast.Constant)):
            raise Unreadable(f"{unit.module}:{client.lineno}: which service?")
        return str(client.args[0].value)
    last = client.attr if isinstance(client, ast.Attribute) else getattr(client, "id", "")
    return last.lstrip("_") if last.lstrip("_") in SERVICES else None


@cache
def operations(service: str) -> dict[str, str]:
    """Return the operations of a service: name of the client's method → name in IAM's form."""
    model = botocore.session.get_session().get_service_model(service)
    return {xform_name(name): f"{model.signing_name}:{name}" for name in model.operation_names}


def _keys(nodes: Iterable[ast.AST]) -> Iterator[object]:
    dicts = (node for node in nodes if isinstance(node, ast.Dict))
    return (key.value for node in dicts for key in node.keys if isinstance(key, ast.Constant))
