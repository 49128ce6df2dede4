"""Which functions each kind of trigger wakes, and on what terms: tables read from the templates."""

from collections.abc import Callable, Sequence
from typing import Any

from microservices.deploy import templates
from microservices.deploy.nodes import Node, functions, resolve
from microservices.deploy.wiring import SOURCES, Wire, chosen, wires

Row = tuple[str, ...]
TERMS = ("function", "woken by", "batch", "tried", "then", "code")
ROUTES = ("function", "answers", "code")
DOORS = ("authorizer", "route", "rule")
NO_BATCH = "one event"
UNKNOWN = Node("resource", "of another stack")


def table(head: Row, rows: Sequence[Row]) -> str:
    """Return a Markdown table."""
    lines = (head, ("---",) * len(head), *rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def of_mapping(kind: str) -> str:
    """Return the table of the functions that Lambda feeds from queues or streams: SQS, DynamoDB or Kinesis."""
    rows = [
        _mapped(service, function, kind, event["Properties"])
        for service in templates.services()
        for function, properties in functions(service)
        for event in properties.get("Events", {}).values()
        if event["Type"] == kind
    ]
    return table(TERMS, rows)


def of_events(how: str) -> str:
    """Return the table of the functions that hear of something without being waited for: of objects, topics, pushes."""
    found = [wire for wire in wires() if wire.how == how and wire.target.kind == "function"]
    return table(TERMS, [_told(wire) for wire in found])


def of_routes(api: str) -> str:
    """Return the table of the functions behind an API, or behind the load balancer, each with what it answers."""
    doors = [wire for wire in wires() if _is_door(wire, api)]
    rows = [
        (node.name, ", ".join(f"`{wire.label}`" for wire in doors if wire.target == node), _code(node))
        for node in dict.fromkeys(wire.target for wire in doors)
    ]
    return table(ROUTES, rows)


def _is_door(wire: Wire, api: str) -> bool:
    return wire.target.kind == "function" and wire.how in DOORS and wire.source.name == api


def _mapped(service: str, function: Node, kind: str, event: dict[str, Any]) -> Row:
    source = resolve(service, event[SOURCES[kind]]) or UNKNOWN
    tried, then = _of_queue(source) if kind == "SQS" else _of_stream(service, event)
    window = event.get("MaximumBatchingWindowInSeconds", 0)
    batch = f"up to {event['BatchSize']}, {f'gathered for {window} s' if window else 'at once'}"
    woken = " ".join(filter(None, (source.kind, source.name, f"({chosen(event) or _what(source)})")))
    return function.name, woken, batch, tried, _ends(function, then, "batch"), _code(function)


def _of_queue(queue: Node) -> tuple[str, str]:
    found = next(wire for wire in wires() if wire.source == queue and wire.how == "dead letters")
    return found.label.removeprefix("after "), found.target.name


def _of_stream(service: str, event: dict[str, Any]) -> tuple[str, str]:
    destination = resolve(service, event["DestinationConfig"]["OnFailure"]["Destination"])
    tries, minutes = event["MaximumRetryAttempts"] + 1, event["MaximumRecordAgeInSeconds"] // 60
    return f"{tries} tries, {minutes} minutes at most", (destination or UNKNOWN).name


def _told(wire: Wire) -> Row:
    properties = next(
        each for service in templates.services() for node, each in functions(service) if node == wire.target
    )
    asked = properties.get("EventInvokeConfig", {})
    tries = f"{asked.get('MaximumRetryAttempts', 2) + 1} tries"
    then = next((each.target.name for each in wires() if _gives_up(each, wire.target)), "")
    woken = f"{wire.source.kind} {wire.source.name}" if wire.source.name != wire.source.kind else wire.source.kind
    label = f" ({wire.label})" if wire.label else ""
    return wire.target.name, woken + label, NO_BATCH, tries, _ends(wire.target, then, "event"), _code(wire.target)


def _gives_up(wire: Wire, function: Node) -> bool:
    return wire.source == function and wire.how == "undelivered"


def _ends(function: Node, then: str, whole: str) -> str:
    """Return where a record ends that the function cannot handle, and where the whole that Lambda gave up."""
    parked = next((wire.target.name for wire in wires() if wire.source == function and wire.how == "parks"), None)
    return f"a record: {parked}; the {whole}: {then}" if parked else then


def _what(source: Node) -> str:
    """Return what fills a queue: the events that it subscribed to, and the functions that send to it."""
    filling = [wire for wire in wires() if wire.target == source]
    return ", ".join(wire.label if wire.how == "subscription" else f"from {wire.source.name}" for wire in filling)


def _code(function: Node) -> str:
    module = next(
        found[function.name] for found in map(templates.functions, templates.services()) if function.name in found
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
