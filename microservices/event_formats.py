"""The event formats in which AWS passes an HTTP request to a function. The monolith has no such file: it reads HTTP itself.

| source | path | query | headers |
|---|---|---|---|
| HTTP API, payload 2.0 | decoded | as sent | all values, joined by commas |
| HTTP API, payload 1.0 | decoded | decoded, all values | all values |
| REST API | as sent | decoded, all values | all values |
| load balancer | as sent | as sent; the last value of a repeated name | the last value of a repeated name |
| load balancer, multi-value headers | as sent | as sent, all values | all values |

The services read only the first format. A request in another format is converted to it, and the response is converted back.
"""

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, unquote

Event = dict[str, Any]

# What the pattern of a path parameter in Powertools excludes, and the slash between parameters.
_UNMATCHED = re.compile(r"[^-._~()'!*:@,;=+&$%<> \[\]{}|^\w/]")


def to_http_api(event: Event) -> Event:
    """Return the request in the format of an HTTP API, payload 2.0."""
    if "rawPath" in event:
        return {**event, "rawPath": _normalise_path(event["rawPath"])}
    method, context = event["httpMethod"], event["requestContext"]
    path = event["path"] if event.get("version") == "1.0" else unquote(event["path"])
    return {
        "version": "2.0",
        "routeKey": f"{method} {event.get('resource', '$default')}",
        "rawPath": _normalise_path(path),
        "rawQueryString": _query_string(event, unreserved="%+" if "elb" in context else ""),
        "headers": {name.lower(): ",".join(values) for name, values in _all_values(event, "headers")},
        "requestContext": {
            "http": {"method": method, "path": path, "sourceIp": _client_address(event)},
            "stage": "$default",
            "authorizer": {"lambda": context.get("authorizer") or {}},  # the other formats have no level "lambda"
        },
        "body": event.get("body"),
        "isBase64Encoded": event.get("isBase64Encoded", False),
    }


def _client_address(event: Event) -> str:
    """Return the client's address. A load balancer appends it to the header that the client may have sent."""
    context = event["requestContext"]
    if "elb" not in context:
        return str(context["identity"]["sourceIp"])
    forwarded = next(
        (values for name, values in _all_values(event, "headers") if name.lower() == "x-forwarded-for"), [""]
    )
    return forwarded[-1].rpartition(",")[2].strip()


def to_format_of(event: Event, response: Event) -> Event:
    """Return an HTTP API's response in the format that the event's source reads."""
    if "rawPath" in event:
        return response
    status, headers = response["statusCode"], response["headers"]
    converted = {"statusCode": status, "body": response["body"], "isBase64Encoded": response["isBase64Encoded"]}
    if "elb" in event["requestContext"]:
        converted["statusDescription"] = f"{status} {HTTPStatus(status).phrase}"
    if event.get("multiValueHeaders") is None:
        return {**converted, "headers": headers}
    return {**converted, "multiValueHeaders": {name: [value] for name, value in headers.items()}}


def _normalise_path(path: str) -> str:
    """Remove extra slashes at the start, which the gateway ignores when it chooses a route. Encode what Powertools never matches.

    No id has such a character. Encoded, it reaches the operation, which checks the token and the body first.
    """
    return "/" + _UNMATCHED.sub(lambda character: quote(character[0], errors="replace"), path.lstrip("/"))


def _query_string(event: Event, *, unreserved: str) -> str:
    """Return the query string; characters in `unreserved` are not encoded again."""
    pairs = [(name, value) for name, values in _all_values(event, "queryStringParameters") for value in values]
    return "&".join(f"{_encode(name, unreserved)}={_encode(value, unreserved)}" for name, value in pairs)


def _encode(text: str, unreserved: str) -> str:
    return quote(text, safe=unreserved, errors="replace")


def _all_values(event: Event, name: str) -> Iterable[tuple[str, list[str]]]:
    """Return the values of each header or parameter: all of them if the format has them, else the only one it has."""
    many: Mapping[str, list[str]] | None = event.get(f"multiValue{name[0].upper()}{name[1:]}")
    if many is not None:
        return many.items()
    single: Mapping[str, str] = event.get(name) or {}
    return ((each, [value]) for each, value in single.items())
