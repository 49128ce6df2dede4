"""Convert between HTTP and Lambda events of payload format 2.0, as an HTTP API does."""

import base64
import time
from typing import Any
from urllib.parse import parse_qsl

import httpx

TEXT = ("application/json", "application/xml", "application/javascript")


def event_of(request: httpx.Request, route_key: str, *, path: str, parameters: dict[str, str]) -> dict[str, Any]:
    """Return the event of a request in payload format 2.0."""
    headers = {name: ",".join(request.headers.get_list(name)) for name in request.headers}
    query = request.url.query.decode("ascii")
    content = request.read()
    text = is_text(headers.get("content-type", ""))
    built: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api",
            "domainName": request.url.host,
            "http": {
                "method": request.method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "",
            },
            "requestId": "request",
            "routeKey": route_key,
            "stage": "$default",
            "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime()),
            "timeEpoch": int(time.time() * 1000),
        },
        "isBase64Encoded": bool(content) and not text,
    }
    if query:
        built["queryStringParameters"] = _joined(query)
    if parameters:
        built["pathParameters"] = parameters
    if content:
        built["body"] = content.decode(errors="replace") if text else base64.b64encode(content).decode()
    return built


def response_of(answer: dict[str, Any]) -> httpx.Response:
    """Return a function's answer as an HTTP response."""
    body = answer.get("body") or ""
    content = base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()
    headers = {"Content-Type": "application/json"} | {
        name.title(): value for name, value in answer.get("headers", {}).items()
    }
    return httpx.Response(answer["statusCode"], headers=headers, content=content)


def is_text(content_type: str) -> bool:
    """Return whether AWS passes a body of this type on as text. Other types become base64."""
    bare = content_type.partition(";")[0].strip().lower()
    return bare.startswith("text/") or bare in TEXT


def _joined(query: str) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined
