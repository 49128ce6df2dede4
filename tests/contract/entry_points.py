"""Build the events that REST APIs, HTTP APIs and load balancers send to a function for the same request.

Sources: AWS's documentation of proxy integrations and of functions as targets. payload.py has payload 2.0 of HTTP APIs.
"""

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import httpx

from .functions import Function
from .gateway import Gateway, Route, decoded_path
from .payload import event_of, is_text

Event = dict[str, Any]
EntryPoint = Callable[[Route, httpx.Request], Event]
TARGET_GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/posts/0123456789abcdef"


def http_api(route: Route, request: httpx.Request) -> Event:
    """Return the event of an HTTP API, payload 2.0."""
    return event_of(request, route.key, path=decoded_path(request), parameters={})


def rest_api(route: Route, request: httpx.Request) -> Event:
    """Return the event of a REST API: the path as it was sent, the query decoded, header names as they were sent."""
    many = _all(parse_qsl(_query(request), keep_blank_values=True))
    headers = _all([(name.decode().title(), value.decode("latin-1")) for name, value in request.headers.raw])
    method, _, resource = route.key.partition(" ")
    return {
        "resource": resource,
        "path": _path(request),
        "httpMethod": method,
        "headers": _last(headers) or None,
        "multiValueHeaders": headers or None,
        "queryStringParameters": _last(many) or None,
        "multiValueQueryStringParameters": many or None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": resource,
            "httpMethod": method,
            "path": f"/prod{_path(request)}",
            "stage": "prod",
            "identity": {"sourceIp": "127.0.0.1"},
        },
        **_body(request, empty=None),
    }


def http_api_1(route: Route, request: httpx.Request) -> Event:
    """Return the event of an HTTP API, payload 1.0: as a REST API's, its path decoded."""
    return {**rest_api(route, request), "version": "1.0", "path": decoded_path(request)}


def balancer(route: Route, request: httpx.Request) -> Event:
    """Return the event of a load balancer. It decodes nothing and keeps the last value of a repeated name."""
    return {
        **_balanced(request),
        "queryStringParameters": _last(_all(_undecoded(request))),
        "headers": _last(_sent(request)),
    }


def balancer_of_many_values(route: Route, request: httpx.Request) -> Event:
    """Return the event of a load balancer whose target group has multi-value headers on."""
    return {
        **_balanced(request),
        "multiValueQueryStringParameters": _all(_undecoded(request)),
        "multiValueHeaders": _sent(request),
    }


ENTRY_POINTS: dict[str, EntryPoint] = {
    "REST API": rest_api,
    "HTTP API, payload 1.0": http_api_1,
    "load balancer": balancer,
    "load balancer, multi-value headers": balancer_of_many_values,
}


def invoke_through(
    entry_point: EntryPoint, gateway: Gateway, request: httpx.Request, *, context: dict[str, Any] | None = None
) -> Event:
    """Invoke the function that serves the request with the event of this entry point. Return its raw answer."""
    route = gateway.route(request)
    function = route.function
    assert isinstance(function, Function)
    event = entry_point(route, request)
    event["requestContext"] |= context or {}
    answer: Event = function.invoke(event)
    return answer


def _balanced(request: httpx.Request) -> Event:
    return {
        "requestContext": {"elb": {"targetGroupArn": TARGET_GROUP}},
        "httpMethod": request.method,
        "path": _path(request),
        **_body(request, empty=""),
    }


def _body(request: httpx.Request, *, empty: str | None) -> Event:
    content = request.read()
    if not content or is_text(request.headers.get("content-type", "")):
        return {"body": content.decode(errors="replace") or empty, "isBase64Encoded": False}
    return {"body": base64.b64encode(content).decode(), "isBase64Encoded": True}


def _path(request: httpx.Request) -> str:
    return request.url.raw_path.partition(b"?")[0].decode("ascii")


def _query(request: httpx.Request) -> str:
    return request.url.query.decode("ascii")


def _undecoded(request: httpx.Request) -> list[tuple[str, str]]:
    parts = [part.partition("=") for part in _query(request).split("&") if part]
    return [(name, value) for name, _, value in parts]


def _sent(request: httpx.Request) -> dict[str, list[str]]:
    """Return the headers that a load balancer passes on. It appends the client's address to X-Forwarded-For."""
    headers = _all([(name.decode().lower(), value.decode("latin-1")) for name, value in request.headers.raw])
    claimed = headers.get("x-forwarded-for", [])
    return headers | {"x-forwarded-for": [", ".join([*claimed, "127.0.0.1"])]}


def _all(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    every: dict[str, list[str]] = {}
    for name, value in pairs:
        every.setdefault(name, []).append(value)
    return every


def _last(every: dict[str, list[str]]) -> dict[str, str]:
    return {name: values[-1] for name, values in every.items()}
