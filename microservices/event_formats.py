"""The forms in which AWS asks a function for HTTP. The monolith has no such file: there, every door speaks HTTP.

| who asks | path | query | headers |
|---|---|---|---|
| HTTP API, payload 2.0 | decoded | as sent | all values, joined by commas |
| HTTP API, payload 1.0 | decoded | decoded, all values | all values |
| REST API | as sent | decoded, all values | all values |
| load balancer | as sent | as sent, of a repeated name the last | of a repeated name the last |
| load balancer, multi-value headers | as sent | as sent, all values | all values |

Rooms know the first form alone. A request in another one is turned into it, and the answer into the form that who asked reads.
"""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, unquote

Form = dict[str, Any]


def to_http_api(event: Form) -> Form:
    """Return the request in the form of an HTTP API, payload 2.0."""
    if "rawPath" in event:
        return {**event, "rawPath": _one_line(event["rawPath"])}
    method, context = event["httpMethod"], event["requestContext"]
    path = event["path"] if event.get("version") == "1.0" else unquote(event["path"])
    return {
        "version": "2.0",
        "routeKey": f"{method} {event.get('resource', '$default')}",
        "rawPath": _one_line(path),
        "rawQueryString": _query(event, unreserved="%+" if "elb" in context else ""),
        "headers": {name.lower(): ",".join(values) for name, values in _all_values(event, "headers")},
        "requestContext": {
            "http": {"method": method, "path": path},
            "stage": "$default",
            "authorizer": {"lambda": context.get("authorizer") or {}},  # what the authorizer said stands there itself
        },
        "body": event.get("body"),
        "isBase64Encoded": event.get("isBase64Encoded", False),
    }


def to_format_of(event: Form, response: Form) -> Form:
    """Return an HTTP API's answer in the form that belongs to the event."""
    if "rawPath" in event:
        return response
    status, headers = response["statusCode"], response["headers"]
    told = {"statusCode": status, "body": response["body"], "isBase64Encoded": response["isBase64Encoded"]}
    if "elb" in event["requestContext"]:
        told["statusDescription"] = f"{status} {HTTPStatus(status).phrase}"
    if event.get("multiValueHeaders") is None:
        return {**told, "headers": headers}
    return {**told, "multiValueHeaders": {name: [value] for name, value in headers.items()}}


def _one_line(path: str) -> str:
    """Powertools' patterns end with `$`, which would let a line feed after a name pass unseen."""
    return path.replace("\n", "%0A")


def _query(event: Form, *, unreserved: str) -> str:
    """Return the query string; `unreserved` are the characters that stand there as they were sent."""
    pairs = [(name, value) for name, values in _all_values(event, "queryStringParameters") for value in values]
    return "&".join(f"{_quoted(name, unreserved)}={_quoted(value, unreserved)}" for name, value in pairs)


def _quoted(text: str, unreserved: str) -> str:
    return quote(text, safe=unreserved, errors="replace")


def _all_values(event: Form, name: str) -> Iterable[tuple[str, list[str]]]:
    """Return the values of each header or parameter: all of them where the form has them, else the one it has."""
    many: Mapping[str, list[str]] | None = event.get(f"multiValue{name[0].upper()}{name[1:]}")
    if many is not None:
        return many.items()
    one: Mapping[str, str] = event.get(name) or {}
    return ((each, [value]) for each, value in one.items())
