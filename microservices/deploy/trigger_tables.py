"""Render a table of functions for each kind of trigger, from the templates."""

from collections.abc import Callable, Sequence
from typing import Any

from microservices.deploy import templates
from microservices.deploy.nodes import Node, functions, resolve
from microservices.deploy.wiring import SOURCES, Wire, filters, wires

Row = tuple[str, ...]
COLUMNS = ("function", "event source", "batch", "attempts", "on failure", "code")
ROUTE_COLUMNS = ("function", "routes", "code")
SYNCHRONOUS = ("authorizer", "route", "rule")
NO_BATCH = "one event"
UNKNOWN = Node("resource", "of another stack")


def table(head: Row, rows: Sequence[Row]) -> str:
    """Return a Markdown table."""
    lines = (head, ("---",) * len(head), *rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def of_mapping(kind: str) -> str:
    """Return the table of functions with event source mappings of a kind: SQS, DynamoDB or Kinesis."""
    rows = [
        _mapping_row(service, function, kind, event["Properties"])
        for service in templates.services()
        for function, properties in functions(service)
        for event in properties.get("Events", {}).values()
        if event["Type"] == kind
    ]
    return table(COLUMNS, rows)


def of_events(how: str) -> str:
    """Return the table of functions that are invoked asynchronously by objects, topics or pushes."""
    invocations = [wire for wire in wires() if wire.how == how and wire.target.kind == "function"]
    return table(COLUMNS, [_invocation_row(wire) for wire in invocations])


def of_routes(api: str) -> str:
    """Return the table of functions and routes of an API or the load balancer."""
    routes = [wire for wire in wires() if _is_route(wire, api)]
    rows = [
        (node.name, ", ".join(f"`{wire.label}`" for wire in routes if wire.target == node), _code(node))
        for node in dict.fromkeys(wire.target for wire in routes)
    ]
    return table(ROUTE_COLUMNS, rows)


def _is_route(wire: Wire, api: str) -> bool:
    return wire.target.kind == "function" and wire.how in SYNCHRONOUS and wire.source.name == api


def _mapping_row(service: str, function: Node, kind: str, event: dict[str, Any]) -> Row:
    source = resolve(service, event[SOURCES[kind]]) or UNKNOWN
    attempts, destination = _of_queue(source) if kind == "SQS" else _of_stream(service, event)
    window = event.get("MaximumBatchingWindowInSeconds", 0)
    batch = f"up to {event['BatchSize']}, {f'waits {window} s' if window else 'no wait'}"
    text = " ".join(filter(None, (source.kind, source.name, f"({filters(event) or _senders(source)})")))
    return function.name, text, batch, attempts, _on_failure(function, destination, "batch"), _code(function)


def _of_queue(queue: Node) -> tuple[str, str]:
    redrive = next(wire for wire in wires() if wire.source == queue and wire.how == "dead letters")
    return redrive.label.removeprefix("after "), redrive.target.name


def _of_stream(service: str, event: dict[str, Any]) -> tuple[str, str]:
    destination = resolve(service, event["DestinationConfig"]["OnFailure"]["Destination"])
    hours = event["MaximumRecordAgeInSeconds"] // 3600
    return f"until a record is {hours} h old", (destination or UNKNOWN).name


def _invocation_row(wire: Wire) -> Row:
    properties = next(
        each for service in templates.services() for node, each in functions(service) if node == wire.target
    )
    config = properties.get("EventInvokeConfig", {})
    attempts = f"{config.get('MaximumRetryAttempts', 2) + 1} attempts"
    destination = next((each.target.name for each in wires() if _is_failure_of(each, wire.target)), "")
    source = f"{wire.source.kind} {wire.source.name}" if wire.source.name != wire.source.kind else wire.source.kind
    label = f" ({wire.label})" if wire.label else ""
    return (
        wire.target.name,
        source + label,
        NO_BATCH,
        attempts,
        _on_failure(wire.target, destination, "event"),
        _code(wire.target),
    )


def _is_failure_of(wire: Wire, function: Node) -> bool:
    return wire.source == function and wire.how == "undelivered"


def _on_failure(function: Node, destination: str, unit: str) -> str:
    """Return the queue for a record that the function parks, and the queue for an event that Lambda stops retrying."""
    parked = next((wire.target.name for wire in wires() if wire.source == function and wire.how == "parks"), None)
    return f"record: {parked}; {unit}: {destination}" if parked else destination


def _senders(source: Node) -> str:
    """Return the events that a queue subscribes to, and the functions that send to it."""
    incoming = [wire for wire in wires() if wire.target == source]
    return ", ".join(wire.label if wire.how == "subscription" else f"from {wire.source.name}" for wire in incoming)


def _code(function: Node) -> str:
    module = next(
        handlers[function.name]
        for handlers in map(templates.functions, templates.services())
        if function.name in handlers
    )
    path = f"{module.replace('.', '/')}.py"
    return f"[{path.rpartition('/')[2]}](../{path})"


TABLES: dict[str, Callable[[], str]] = {
    "HTTP": lambda: of_routes("http"),
    "WebSocket": lambda: of_routes("live"),
    "ALB": lambda: of_routes("load balancer"),
    "SNS": lambda: of_events("subscription"),
    "SQS": lambda: of_mapping("SQS"),
    "DynamoDB": lambda: of_mapping("DynamoDB"),
    "S3": lambda: of_events("object"),
    "Kinesis": lambda: of_mapping("Kinesis"),
    "CodeCommit": lambda: of_events("push"),
}
