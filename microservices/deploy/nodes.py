"""Resolve references in the templates to nodes: functions, tables, queues, topics, streams, buckets and APIs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from microservices.deploy import templates

NODE_TYPES = {  # resource type → kind of node, and the property with its name
    "AWS::ApiGatewayV2::Api": ("api", "Name"),
    "AWS::DynamoDB::Table": ("table", "TableName"),
    "AWS::Kinesis::Stream": ("stream", "Name"),
    "AWS::S3::Bucket": ("bucket", "BucketName"),
    "AWS::SNS::Topic": ("topic", "TopicName"),
    "AWS::SQS::Queue": ("queue", "QueueName"),
    "AWS::Serverless::Function": ("function", "FunctionName"),
}
IN_AN_ARN = {":function:": "function", ":s3:::": "bucket", ":sns:": "topic", ":sqs:": "queue", ":stream/": "stream"}
_PART = re.compile(r"\$\{(?!AWS::|Stage\})(\w+)(?:\.\w+)?\}")


@dataclass(frozen=True, slots=True, order=True)
class Node:
    """A function, or a resource that it reads or writes. The name is without the stage."""

    kind: str
    name: str


@cache
def nodes() -> dict[tuple[str, str], Node]:
    """Return (service, logical name) → node."""
    return {
        (service, logical): Node(kind, _plain(properties.get(name, logical)))
        for service in templates.services()
        for resource_type, (kind, name) in NODE_TYPES.items()
        for logical, properties in templates.resources(service, resource_type).items()
    }


def functions(service: str) -> Iterator[tuple[Node, dict[str, Any]]]:
    """Yield the service's functions with their properties."""
    for logical, properties in templates.resources(service, "AWS::Serverless::Function").items():
        yield nodes()[service, logical], properties


def resolve(service: str, value: Any) -> Node | None:
    """Return the node that a value in a template refers to by name, URL or ARN. Return None if there is none."""
    if not isinstance(value, dict):
        return None
    if "Fn::If" in value:
        return next(filter(None, (resolve(service, each) for each in reversed(value["Fn::If"][1:]))), None)
    if "Fn::ImportValue" in value:
        return resolve(*exports()[value["Fn::ImportValue"]["Fn::Sub"]])
    if "Fn::Sub" in value:
        return _from_text(service, value["Fn::Sub"])
    return nodes().get((service, str(value.get("Ref") or value.get("Fn::GetAtt")).partition(".")[0]))


@cache
def exports() -> dict[str, tuple[str, Any]]:
    """Return the name of each export → its service, and its value in the template."""
    outputs = (
        (service, each)
        for service in templates.services()
        for each in templates.load(service).get("Outputs", {}).values()
    )
    return {
        each["Export"]["Name"]["Fn::Sub"]: (service, each["Value"]) for service, each in outputs if "Export" in each
    }


def _from_text(service: str, text: str | list[Any]) -> Node | None:
    pattern, imports = text if isinstance(text, list) else (text, {})
    for part in _PART.finditer(pattern):
        if node := resolve(service, imports.get(part[1], {"Ref": part[1]})):
            return node
    for mark, kind in IN_AN_ARN.items():
        plain = _plain(pattern.rpartition(mark)[2])
        named = Node(kind, plain.partition("/")[0] if kind == "bucket" else re.split("[:/]", plain)[-1])
        if mark in pattern and named in nodes().values():
            return named
    return None


def _plain(name: Any) -> str:
    """Return a name without the stage and the account."""
    text = name["Fn::Sub"] if isinstance(name, dict) else name
    return re.sub(r"-?\$\{[\w:]+\}-?", "", str(text))
