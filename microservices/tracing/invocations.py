"""An invocation is a root: what woke the function, how much it was handed and gave back, and its cold start before the first."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from microservices.tracing.calls import BY_OBJECT
from microservices.tracing.carriers import carried
from tracing import spans
from tracing.spans import Root, Write

Handler = Callable[[Any, Any], Any]

KIND = "function"
COLD = "cold start"
_ROUTE = re.compile(r"[A-Z]{3,7} /[\w/{}.-]{0,100}", re.ASCII)
_SOURCES: Mapping[str, str] = {
    "dynamodb": "stream", "body": "queue", "Sns": "topic", "kinesis": "views", "s3": BY_OBJECT, "codecommit": "push",
}  # fmt: skip


def traced(
    handler: Handler, *, service: str, write: Write, lines: Sequence[str] = (), cold: Root | None = None
) -> Handler:
    """Return the handler with a root around each invocation. cold: what loading it took, told with the first."""
    untold = [cold] if cold else []

    def lambda_handler(event: Any, context: Any) -> Any:
        parents = carried(event)
        while untold:
            started = untold.pop()
            started.top.name = woken_by(event)
            if parents:
                started.adopt(parents[0])
            write(started.written(service))
        with spans.root(KIND, woken_by(event), service=service, write=write, parents=parents, lines=lines) as root:
            answer = handler(event, context)
            root.top.counts |= _sizes(event, answer)
        return answer

    return lambda_handler


def woken_by(event: Any) -> str:
    """Return a name for what woke a function: a route, or a kind of source; never anything that somebody sent."""
    if not isinstance(event, dict):
        return "call"
    if event.get("type") == "REQUEST":
        return "authorizer"
    if isinstance(event.get("headers"), dict):
        route = event.get("routeKey")
        return route if isinstance(route, str) and _ROUTE.fullmatch(route) else "request"
    records = event.get("Records")
    first = records[0] if isinstance(records, list) and records and isinstance(records[0], dict) else {}
    if "eventSource" not in first and "EventSource" not in first:
        return "call"
    return next((name for key, name in _SOURCES.items() if key in first), "event")


def _sizes(event: Any, answer: Any) -> dict[str, int]:
    records = event.get("Records") if isinstance(event, dict) else None
    if isinstance(records, list):
        return {"records": len(records)}
    return {"bytes_in": _length(event), "bytes_out": _length(answer)}


def _length(message: Any) -> int:
    body = message.get("body") if isinstance(message, dict) else None
    return len(body) if isinstance(body, str) else 0
