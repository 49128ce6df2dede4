"""Read the connections between functions, tables, queues, topics, streams and buckets from the templates."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from microservices.deploy import templates
from microservices.deploy.nodes import Node, functions, nodes, resolve

SOURCES = {"DynamoDB": "Stream", "Kinesis": "Stream", "SQS": "Queue"}
BALANCER, REPOSITORY = Node("load balancer", "load balancer"), Node("repository", "repository")
SENDS = {  # action that a role allows → label in the diagram
    "execute-api:ManageConnections": "posts to connections",
    "kinesis:PutRecords": "views",
    "lambda:InvokeFunction": "calls",
    "sns:Publish": "publishes",
    "sqs:SendMessage": "sends",
}
WRITES = {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "s3:PutObject"}


@dataclass(frozen=True, slots=True, order=True)
class Wire:
    """A connection from source to target. `how` is the mechanism, `label` the filter or the route."""

    source: Node
    target: Node
    how: str
    label: str = ""


@cache
def wires() -> tuple[Wire, ...]:
    """Return all wires of all services, sorted."""
    readers = (
        _routes,
        _events,
        _subscriptions,
        _notifications,
        _pushes,
        _rules,
        _dead_letters,
        _undelivered,
        _failures,
        _grants,
    )
    every = {wire for service in templates.services() for read in readers for wire in read(service)}
    return tuple(sorted(wire for wire in every if wire.how != "writes" or any(_triggers(wire, each) for each in every)))


def _triggers(write: Wire, other: Wire) -> bool:
    """Return whether the write triggers the other wire. A bucket notifies only of keys with its prefix."""
    if other.source != write.target:
        return False
    return other.how == "stream" or (other.how == "object" and other.label.removesuffix("…") == write.label)


def _wire(source: Node | None, target: Node | None, how: str, label: str = "") -> Iterator[Wire]:
    if source is not None and target is not None:
        yield Wire(source, target, how, label)


def _routes(service: str) -> Iterator[Wire]:
    integrations = templates.resources(service, "AWS::ApiGatewayV2::Integration")
    for route in templates.resources(service, "AWS::ApiGatewayV2::Route").values():
        integration = integrations[str(route["Target"]["Fn::Sub"]).removeprefix("integrations/${").removesuffix("}")]
        target = resolve(service, integration["IntegrationUri"])
        yield from _wire(resolve(service, route["ApiId"]), target, "route", str(route["RouteKey"]))
    for each in templates.resources(service, "AWS::ApiGatewayV2::Authorizer").values():
        yield from _wire(
            resolve(service, each["ApiId"]), resolve(service, each["AuthorizerUri"]), "authorizer", "token"
        )


def _events(service: str) -> Iterator[Wire]:
    for function, properties in functions(service):
        for event in properties.get("Events", {}).values():
            kind, settings = event["Type"], event["Properties"]
            if kind == "SNS":
                yield from _wire(resolve(service, settings["Topic"]), function, "subscription", types(settings))
            elif source := SOURCES.get(kind):
                how = "queue" if kind == "SQS" else "stream"
                yield from _wire(resolve(service, settings[source]), function, how, filters(settings))


def filters(event: dict[str, Any]) -> str:
    """Return the filter of an event source, such as `sk vote#…`, or nothing if it has none."""
    patterns = [json.loads(each["Pattern"]) for each in event.get("FilterCriteria", {}).get("Filters", [])]
    return " or ".join(" ".join(_leaves(pattern)) for pattern in patterns)


def _leaves(pattern: Any) -> Iterator[str]:
    """Yield the attributes of a pattern with their values, without the enclosing names."""
    for name, below in pattern.items():
        if isinstance(below, list):
            yield from (each if isinstance(each, str) else f"{each.get('prefix', each)}…" for each in below)
        else:
            yield from [] if name in ("dynamodb", "Keys", "NewImage", "OldImage") else [name]
            yield from _leaves(below)


def prefix(notification: dict[str, Any]) -> str:
    """Return the key prefix of a bucket's notification."""
    rules = notification.get("Filter", {}).get("S3Key", {}).get("Rules", [])
    return " ".join(f"{each['Value']}…" for each in rules if each["Name"] == "prefix")


def _subscriptions(service: str) -> Iterator[Wire]:
    for each in templates.resources(service, "AWS::SNS::Subscription").values():
        yield from _wire(
            resolve(service, each["TopicArn"]), resolve(service, each["Endpoint"]), "subscription", types(each)
        )


def types(subscription: dict[str, Any]) -> str:
    """Return the event types of a subscription's filter."""
    return ", ".join(subscription.get("FilterPolicy", {}).get("type", ["everything"]))


def _notifications(service: str) -> Iterator[Wire]:
    for logical, bucket in templates.resources(service, "AWS::S3::Bucket").items():
        for each in bucket.get("NotificationConfiguration", {}).get("LambdaConfigurations", []):
            yield from _wire(nodes()[service, logical], resolve(service, each["Function"]), "object", prefix(each))


def _pushes(service: str) -> Iterator[Wire]:
    for each in templates.resources(service, "AWS::Lambda::Permission").values():
        if (
            each["Principal"] == "codecommit.amazonaws.com"
        ):  # the trigger belongs to the repository, and no stack contains the repository
            yield from _wire(REPOSITORY, resolve(service, each["FunctionName"]), "push")


def _rules(service: str) -> Iterator[Wire]:
    groups = templates.resources(service, "AWS::ElasticLoadBalancingV2::TargetGroup")
    for rule in templates.resources(service, "AWS::ElasticLoadBalancingV2::ListenerRule").values():
        paths = ", ".join(path for each in rule["Conditions"] for path in each["Values"])
        for target in groups[rule["Actions"][0]["TargetGroupArn"]["Ref"]]["Targets"]:
            yield from _wire(BALANCER, resolve(service, target["Id"]), "rule", paths)


def _dead_letters(service: str) -> Iterator[Wire]:
    for logical, queue in templates.resources(service, "AWS::SQS::Queue").items():
        if redrive := queue.get("RedrivePolicy"):
            attempts = f"after {redrive['maxReceiveCount']} attempts"
            yield from _wire(
                nodes()[service, logical], resolve(service, redrive["deadLetterTargetArn"]), "dead letters", attempts
            )


def _undelivered(service: str) -> Iterator[Wire]:
    """Yield the queues of the events that a topic cannot deliver to its subscription."""
    subscriptions = [
        (each, each["TopicArn"]) for each in templates.resources(service, "AWS::SNS::Subscription").values()
    ]
    events = (event for _, each in functions(service) for event in each.get("Events", {}).values())
    subscriptions += [(each["Properties"], each["Properties"]["Topic"]) for each in events if each["Type"] == "SNS"]
    for subscription, topic in subscriptions:
        queue = resolve(service, subscription["RedrivePolicy"]["deadLetterTargetArn"])
        yield from _wire(resolve(service, topic), queue, "undelivered")


def _failures(service: str) -> Iterator[Wire]:
    for function, properties in functions(service):
        events = (event["Properties"] for event in properties.get("Events", {}).values())
        for each in (*events, properties.get("EventInvokeConfig", {})):
            destination = each.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
            yield from _wire(function, resolve(service, destination), "undelivered")


def _grants(service: str) -> Iterator[Wire]:
    failures = {wire.target for wire in _failures(service)}
    for function, properties in functions(service):
        for action, resource in allowed_actions(service, properties):
            target = resolve(service, resource)
            if action in WRITES:
                yield from _wire(function, target, "writes", _folder(resource))
            elif action in SENDS and target not in failures:
                parks = target is not None and target.name.endswith("-parking")
                yield from _wire(function, target, "parks" if parks else SENDS[action])


def _folder(resource: Any) -> str:
    """Return the folder of a bucket in a resource, such as `originals/`, or nothing for a table."""
    match = re.search(r"/([\w-]+/)\*$", str(resource.get("Fn::Sub", "")))
    return match[1] if match else ""


def allowed_actions(service: str, function: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield each action and resource that the function's role allows."""
    role = templates.resources(service, "AWS::IAM::Role")[function["Role"]["Fn::GetAtt"].partition(".")[0]]
    for policy in role["Policies"]:
        for each in policy["PolicyDocument"]["Statement"]:
            for action in _as_list(each["Action"]):
                yield from ((action, resource) for resource in _as_list(each["Resource"]))


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
