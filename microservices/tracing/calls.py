"""Every call of an AWS service is a span: what it consumed, its bytes, its tries, and the line of ours that asks for it.

botocore's own events tell of it; the calls themselves stay as they are, but for what they say in return and send on.
"""

from collections.abc import Callable
from typing import Any

from botocore import handlers

from microservices.tracing.carriers import carrying, of_object
from tracing import spans

KIND = "store call"
BY_OBJECT = "object"  # how a function is named that an object woke
METERED = {
    "BatchGetItem", "BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "TransactWriteItems", "UpdateItem",
}  # fmt: skip

_KEY = "span"
_Events = tuple[tuple[str, Callable[..., Any]], ...]


def watch() -> Callable[[], None]:
    """Let every client that is made from now on tell of its calls; return what ends that for those made afterwards."""
    handlers.BUILTIN_HANDLERS.extend(_EVENTS)

    def forget() -> None:
        for each in _EVENTS:
            handlers.BUILTIN_HANDLERS.remove(each)

    return forget


def _begin(params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> dict[str, Any] | None:
    service = model.service_model.service_name
    span = context[_KEY] = spans.begin(KIND, f"{service} {model.name}")
    sender = spans.sent()
    if span is None or sender is None:
        return None
    metered = {"ReturnConsumedCapacity": "TOTAL"} if model.name in METERED and service == "dynamodb" else {}
    return carrying(service, model.name, {**params, **metered}, sender)


def _try(request: Any, **_: Any) -> None:
    running = spans.running()
    if running is not None and running.open[-1].kind == KIND:
        counts = running.open[-1].counts
        counts["tries"] = counts.get("tries", 0) + 1
        counts["bytes_out"] = len(request.body) if isinstance(request.body, str | bytes | bytearray) else 0


def _end(http_response: Any, parsed: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
    span, running = context.get(_KEY), spans.running()
    if span is None or running is None:
        return
    if model.name == "GetObject" and running.top.name == BY_OBJECT and (sender := of_object(parsed)):
        running.adopt(sender)
    size = http_response.headers.get("content-length", 0)
    spans.end(span, bytes_in=int(size), status=http_response.status_code, **_consumed(parsed), **_rows(parsed))


def _failed(context: dict[str, Any], **_: Any) -> None:
    spans.end(context.get(_KEY), failed=True)


def _consumed(parsed: dict[str, Any]) -> dict[str, float]:
    told = parsed.get("ConsumedCapacity", [])
    units = [each["CapacityUnits"] for each in (told if isinstance(told, list) else [told])]
    return {"units": sum(units)} if units else {}


def _rows(parsed: dict[str, Any]) -> dict[str, int]:
    if "Responses" in parsed and isinstance(parsed["Responses"], dict):
        return {"rows": sum(len(items) for items in parsed["Responses"].values())}
    return {"rows": len(parsed["Items"])} if "Items" in parsed else {"rows": 1} if "Item" in parsed else {}


_EVENTS: _Events = (
    ("provide-client-params", _begin),
    ("before-send", _try),
    ("after-call", _end),
    ("after-call-error", _failed),
)
