"""Who wakes whom, read from the templates: SAM's events, event source mappings and subscriptions."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .cloud import Cloud, Stack
from .filters import fits
from .functions import Function
from .inboxes import Inbox, InvocationInbox, QueueInbox, Reader, StreamInbox
from .queues import subscribed_queue
from .sources import Record, Source, TableStream, Topic

Properties = dict[str, Any]
Put = Callable[[Record], None]
STREAMED: Mapping[str, Callable[[str], Source]] = {"dynamodb": TableStream}


@dataclass
class Wiring:
    """The sources, who is told what each tells, and what waits for the functions."""

    sources: dict[str, tuple[Source, list[Put]]] = field(default_factory=dict)
    inboxes: list[Inbox] = field(default_factory=list)

    def follow(self, arn: str, *, source: Callable[[str], Source], put: Put) -> None:
        """Let somebody be told what a source tells."""
        if arn not in self.sources:
            self.sources[arn] = (source(arn), [])
        self.sources[arn][1].append(put)

    def map(self, function: Function, arn: str, properties: Properties) -> None:
        """Let a function be woken by an event source mapping: of a stream or a queue."""
        reader = _reader(function, properties)
        service = arn.split(":")[2]
        if service == "sqs":
            self.inboxes.append(QueueInbox(reader, arn))
            return
        inbox = StreamInbox(reader)
        self.inboxes.append(inbox)
        self.follow(arn, source=STREAMED[service], put=inbox.put)

    def subscribe(self, topic: str, wanted: Callable[[Record], bool], *, function: Function) -> None:
        """Let a topic invoke a function."""
        inbox = InvocationInbox(Reader(function, wanted))
        self.inboxes.append(inbox)
        self.follow(topic, source=Topic, put=inbox.put)


def wiring(cloud: Cloud, known: Mapping[str, Function]) -> Wiring:
    """Return how everything in the templates is connected."""
    found = Wiring()
    for stack in cloud.stacks.values():
        for function, event in _sam_events(stack, known):
            _WIRES[event["Type"]](found, function, event["Properties"])
        for properties in stack.resources("AWS::Lambda::EventSourceMapping").values():
            found.map(_function(known, properties["FunctionName"]), properties["EventSourceArn"], properties)
        for properties in stack.resources("AWS::SNS::Subscription").values():
            _subscribe(found, stack, properties=properties, known=known)
    return found


def _sam_events(stack: Stack, known: Mapping[str, Function]) -> Iterator[tuple[Function, Properties]]:
    for name, properties in stack.resources("AWS::Serverless::Function").items():
        for event in properties.get("Events", {}).values():
            yield known[stack.attribute(name, "Arn")], event


def _subscribe(found: Wiring, stack: Stack, *, properties: Properties, known: Mapping[str, Function]) -> None:
    wanted = _chosen(properties)
    if properties["Protocol"] == "lambda":
        assert_permitted(stack, properties["Endpoint"], "sns.amazonaws.com")
        found.subscribe(properties["TopicArn"], wanted, function=known[properties["Endpoint"]])
        return
    assert properties["Protocol"] == "sqs", f"nobody delivers to {properties['Protocol']}"
    queue = subscribed_queue(properties["Endpoint"], raw=_is_true(properties.get("RawMessageDelivery")))
    found.follow(properties["TopicArn"], source=Topic, put=lambda record: queue(record) if wanted(record) else None)


def assert_permitted(stack: Stack, function: str, principal: str) -> None:
    """Without a permission AWS would not let the service invoke the function."""
    permissions = stack.resources("AWS::Lambda::Permission").values()
    allowed = {
        each["Principal"] for each in permissions if each["FunctionName"] in (function, function.rpartition(":")[2])
    }
    assert principal in allowed, f"{principal} may not invoke {function}"


def _reader(function: Function, properties: Properties) -> Reader:
    filters = properties.get("FilterCriteria", {}).get("Filters", [])
    patterns = [json.loads(each["Pattern"]) for each in filters]
    return Reader(
        function,
        wanted=lambda record: not patterns or any(fits(record, each) for each in patterns),
        batch=int(properties.get("BatchSize", 10)),
        partial="ReportBatchItemFailures" in properties.get("FunctionResponseTypes", []),
    )


def _chosen(properties: Properties) -> Callable[[Record], bool]:
    """Return what tells the messages that a subscription's policy lets through."""
    policy = properties.get("FilterPolicy", {})
    in_body = properties.get("FilterPolicyScope") == "MessageBody"

    def chosen(record: Record) -> bool:
        notice = record["Sns"]
        attributes = {name: each["Value"] for name, each in notice["MessageAttributes"].items()}
        return fits(json.loads(notice["Message"]) if in_body else attributes, policy)

    return chosen


def _function(known: Mapping[str, Function], named: str) -> Function:
    return next(function for arn, function in known.items() if named in (arn, function.name))


def _is_true(value: object) -> bool:
    return str(value).lower() == "true"


_WIRES: Mapping[str, Callable[[Wiring, Function, Properties], None]] = {
    "DynamoDB": lambda found, function, event: found.map(function, event["Stream"], event),
    "Kinesis": lambda found, function, event: found.map(function, event["Stream"], event),
    "SQS": lambda found, function, event: found.map(function, event["Queue"], event),
    "SNS": lambda found, function, event: found.subscribe(event["Topic"], _chosen(event), function=function),
}
