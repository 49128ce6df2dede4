"""Read the event sources of the functions from the templates: SAM events, mappings, subscriptions and notifications."""

from collections.abc import Callable, Mapping

from .cloud import Cloud, Stack
from .event_routing import EventRouting, Properties
from .functions import Function

Known = Mapping[str, Function]


def wiring(cloud: Cloud, known: Known) -> EventRouting:
    """Return the event routing of all templates."""
    routing = EventRouting()
    for stack in cloud.stacks.values():
        _sam_events(routing, stack, known)
        _mappings(routing, stack, known)
        _subscriptions(routing, stack, known)
        _notifications(routing, stack, known)
    return routing


def _sam_events(routing: EventRouting, stack: Stack, known: Known) -> None:
    for name, properties in stack.resources("AWS::Serverless::Function").items():
        for event in properties.get("Events", {}).values():
            _SAM[event["Type"]](routing, known[stack.attribute(name, "Arn")], event["Properties"])


def _mappings(routing: EventRouting, stack: Stack, known: Known) -> None:
    for each in stack.resources("AWS::Lambda::EventSourceMapping").values():
        routing.map(_function(known, each["FunctionName"]), each["EventSourceArn"], each)


def _subscriptions(routing: EventRouting, stack: Stack, known: Known) -> None:
    for each in stack.resources("AWS::SNS::Subscription").values():
        topic, endpoint = each["TopicArn"], each["Endpoint"]
        if each["Protocol"] == "lambda":
            _assert_permitted(stack, known[endpoint], "sns.amazonaws.com")
            routing.subscribe_function(topic, known[endpoint], each)
        else:
            assert each["Protocol"] == "sqs", f"delivery to {each['Protocol']} is not implemented"
            _assert_open(stack, endpoint, topic)
            routing.subscribe_queue(topic, endpoint, each)


def _notifications(routing: EventRouting, stack: Stack, known: Known) -> None:
    for name, properties in stack.resources("AWS::S3::Bucket").items():
        for each in properties.get("NotificationConfiguration", {}).get("LambdaConfigurations", []):
            function = known[each["Function"]]
            _assert_permitted(stack, function, "s3.amazonaws.com")
            routing.notify(stack.ref(name), function, events=each["Event"], chosen=each.get("Filter", {}))


def _assert_permitted(stack: Stack, function: Function, principal: str) -> None:
    """Assert the permission that AWS requires before a service invokes a function."""
    permissions = stack.resources("AWS::Lambda::Permission").values()
    allowed = {each["Principal"] for each in permissions if each["FunctionName"] in (function.arn, function.name)}
    assert principal in allowed, f"{principal} may not invoke {function.name}"


def _assert_open(stack: Stack, queue: str, topic: str) -> None:
    """Assert the policy that AWS requires before a topic sends to a queue."""
    statements = [
        statement
        for policy in stack.resources("AWS::SQS::QueuePolicy").values()
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Resource"] == queue
    ]
    assert any(topic in str(statement["Condition"]) for statement in statements), f"{topic} may not send to {queue}"


def _function(known: Known, named: str) -> Function:
    return next(function for arn, function in known.items() if named in (arn, function.name))


_SAM: Mapping[str, Callable[[EventRouting, Function, Properties], None]] = {
    "DynamoDB": lambda routing, function, event: routing.map(function, event["Stream"], event),
    "Kinesis": lambda routing, function, event: routing.map(function, event["Stream"], event),
    "SQS": lambda routing, function, event: routing.map(function, event["Queue"], event),
    "SNS": lambda routing, function, event: routing.subscribe_function(event["Topic"], function, event),
    "S3": lambda routing, function, event: routing.notify(
        event["Bucket"], function, events=event["Events"], chosen=event.get("Filter", {})
    ),
}
