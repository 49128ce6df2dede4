"""Hooks of a Lambda function: a root span for each invocation, a span for each call of an AWS service or of another service.

botocore's own events report the calls of AWS. Each call of DynamoDB requests its consumed capacity, and messages carry the trace.
"""

import functools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import urllib3
from botocore import handlers

from loadtests.explain.hooks import capacity, replace_attribute, spans
from loadtests.explain.hooks.carriers import NAME, traceparent_of_object, traceparents_of, with_traceparent
from loadtests.explain.hooks.spans import Root, Write

Handler = Callable[[Any, Any], Any]

INVOCATION, CALL, COLD = "function", "store call", "cold start"
METERED = capacity.READS | capacity.WRITES
START = {"hooks": "start"}  # an event for the hooks alone, to start the function
SOCKET = "live "  # prefix of the names of a WebSocket API's events
_OBJECT = "object"
_SOURCES: Mapping[str, str] = {
    "dynamodb": "stream", "body": "queue", "Sns": "topic", "kinesis": "views", "s3": _OBJECT, "codecommit": "push",
}  # fmt: skip
_ROUTE = re.compile(r"[A-Z]{3,7} /[\w/{}.-]{0,100}", re.ASCII)
_SOCKET_ROUTES = {"$connect", "$default", "$disconnect"}
_SPAN, _PARAMETERS = "span", "parameters"  # keys in the context of a call


def traced(
    handler: Handler, *, service: str, write: Write, lines: Sequence[str] = (), cold: Root | None = None
) -> Handler:
    """Return the handler with a root span around each invocation. cold: the import, written with the first invocation."""
    unwritten = [cold] if cold else []

    def lambda_handler(event: Any, context: Any) -> Any:
        parents, source = traceparents_of(event), source_of(event)
        while unwritten:
            started = unwritten.pop()
            started.top.name = source
            if parents:
                started.continue_trace(parents[0])
            write(started.to_json(service))
        if event == START:
            return None
        with spans.root(INVOCATION, source, service=service, write=write, parents=parents, lines=lines) as root:
            answer = handler(event, context)
            root.top.counts |= _sizes(event, answer)
        return answer

    return lambda_handler


def source_of(event: Any) -> str:
    """Return a route or a kind of event source. The name never holds what a client sent."""
    if not isinstance(event, dict):
        return "call"
    if event.get("type") == "REQUEST":
        return "authorizer"
    context = event.get("requestContext")
    if isinstance(context, dict) and context.get("routeKey") in _SOCKET_ROUTES and "connectionId" in context:
        return f"{SOCKET}{context['routeKey']}"
    if isinstance(event.get("headers"), dict):
        route = event.get("routeKey")
        return route if isinstance(route, str) and _ROUTE.fullmatch(route) else "request"
    records = event.get("Records")
    first = records[0] if isinstance(records, list) and records and isinstance(records[0], dict) else {}
    if "eventSource" not in first and "EventSource" not in first:
        return "call"
    return next((name for key, name in _SOURCES.items() if key in first), "event")


@contextmanager
def calls_traced() -> Iterator[None]:
    """Trace the calls of every client that is made while the block lasts."""
    events = (
        ("provide-client-params", _begin),
        ("before-send", _count_attempt),
        ("after-call", _end),
        ("after-call-error", _fail),
    )
    handlers.BUILTIN_HANDLERS.extend(events)
    try:
        yield
    finally:
        for each in events:
            handlers.BUILTIN_HANDLERS.remove(each)


@contextmanager
def requests_traced() -> Iterator[None]:
    """Trace requests to another service, such as `http GET`, while the block lasts. botocore does not send its own this way."""

    def traced_request(request: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(request)
        def call(self: Any, method: str, url: str, *, headers: Mapping[str, str] | None = None, **options: Any) -> Any:
            span, sender = spans.begin(CALL, f"http {method}"), spans.traceparent()
            carried = {NAME: str(sender)} if sender else {}
            try:
                response = request(self, method, url, headers={**(headers or {}), **carried}, **options)
                spans.end(span, bytes_in=len(response.data), status=response.status)
            except Exception:
                spans.end(span, failed=True)
                raise
            return response

        return call

    with replace_attribute(urllib3.PoolManager, "request", traced_request):
        yield


@spans.hook
def _begin(params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> dict[str, Any] | None:
    service = model.service_model.service_name
    span = context[_SPAN] = spans.begin(CALL, f"{service} {model.name}")
    sender = spans.traceparent()
    if span is None or sender is None:
        return None
    metered = {"ReturnConsumedCapacity": "TOTAL"} if model.name in METERED and service == "dynamodb" else {}
    sent = with_traceparent(service, model.name, {**params, **metered}, sender)
    context[_PARAMETERS] = sent
    return sent


@spans.hook
def _count_attempt(request: Any, **_: Any) -> None:
    span = spans.current()
    if span is not None and span.kind == CALL:
        body = request.body
        size = len(body) if isinstance(body, str | bytes | bytearray) else request.headers.get("Content-Length", 0)
        span.counts |= {"attempts": span.counts.get("attempts", 0) + 1, "bytes_out": int(size)}


@spans.hook
def _end(http_response: Any, parsed: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
    span, running = context.get(_SPAN), spans.running()
    if span is None or running is None:
        return
    if model.name == "GetObject" and running.top.name == _OBJECT and (sender := traceparent_of_object(parsed)):
        running.continue_trace(sender)
    size = http_response.headers.get("content-length", 0) if model.http["method"] != "HEAD" else 0
    message = capacity.message_bytes(model.service_model.service_name, context[_PARAMETERS])
    counts = {**_consumed(model, context[_PARAMETERS], parsed), **_rows(parsed)}
    counts |= {} if message is None else {"bytes_out": message}
    spans.end(span, bytes_in=int(size), status=http_response.status_code, **counts)


@spans.hook
def _fail(context: dict[str, Any], **_: Any) -> None:
    spans.end(context.get(_SPAN), failed=True)


def _consumed(model: Any, parameters: dict[str, Any], parsed: dict[str, Any]) -> dict[str, float]:
    match model.service_model.service_name:
        case "kinesis":
            return {"write_units": capacity.put_units(parameters["Records"])}
        case "dynamodb":
            known = parsed.get("ConsumedCapacity", [])
            reported = sum(each["CapacityUnits"] for each in (known if isinstance(known, list) else [known]))
            consumed = capacity.units(model.name, parameters, parsed, reported)
            return {**consumed, "units": sum(consumed.values())} if consumed else {}
    return {}


def _rows(parsed: dict[str, Any]) -> dict[str, int]:
    if isinstance(parsed.get("Responses"), dict):
        return {"rows": sum(len(items) for items in parsed["Responses"].values())}
    return {"rows": len(parsed["Items"])} if "Items" in parsed else {"rows": 1} if "Item" in parsed else {}


def _sizes(event: Any, answer: Any) -> dict[str, int]:
    records = event.get("Records") if isinstance(event, dict) else None
    if isinstance(records, list):
        return {"records": len(records)}
    return {"bytes_in": _length(event), "bytes_out": _length(answer)}


def _length(message: Any) -> int:
    body = message.get("body") if isinstance(message, dict) else None
    return len(body) if isinstance(body, str) else 0
