"""The deployed functions' handlers in this process, on the stores of the local AWS: to see what is inside a request."""

import importlib
import json
import os
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]
AN_HOUR = 3600
HEADERS = {"content-type": "application/json", "authorization": "Bearer checked-by-the-gateway"}


@contextmanager
def quietly(endpoint: str) -> Iterator[None]:
    """Let handlers of this process find the local AWS while the block lasts; what they log goes nowhere.

    The loggers keep the stream that they find when they are made, so one block must hold all calls.
    """
    kept = dict(os.environ)
    os.environ.update(_client_settings(endpoint))
    try:
        with Path(os.devnull).open("w") as nowhere:
            with redirect_stdout(nowhere):
                importlib.import_module("microservices.edge")
            yield
    finally:
        os.environ.clear()
        os.environ.update(kept)


def imported(environments: dict[str, dict[str, str]]) -> dict[str, Handler]:
    """Return the handler of each room, imported anew with its function's environment."""
    return {room: _imported(room, environment) for room, environment in environments.items()}


def event(operation: str, *, parameters: dict[str, str] | None = None, **given: Any) -> dict[str, Any]:
    """Return the event of a request as the HTTP API sends it (payload 2.0). given: query, body or content, headers, username."""
    method, route = operation.split()
    path = route.format_map(parameters or {})
    authorizer = {"lambda": {"username": given["username"], "expires": str(int(time.time()) + AN_HOUR)}}
    return {
        "version": "2.0",
        "routeKey": operation,
        "rawPath": path,
        "rawQueryString": urlencode(given.get("query", {})),
        "queryStringParameters": given.get("query"),
        "headers": {**HEADERS, **given.get("headers", {})},
        "pathParameters": parameters or {},
        "requestContext": {
            "http": {"method": method, "path": path},
            "stage": "$default",
            "authorizer": authorizer if given["username"] else {},
        },
        "body": _body(given),
        "isBase64Encoded": "content" in given,
    }


def _body(given: dict[str, Any]) -> str | None:
    if "content" in given:
        return b64encode(given["content"]).decode()
    return json.dumps(given["body"]) if "body" in given else None


def _imported(room: str, environment: dict[str, str]) -> Handler:
    os.environ.update(environment)
    name = f"microservices.{room}.handler"
    sys.modules.pop(name, None)  # a handler reads its environment when it is imported
    handler: Handler = importlib.import_module(name).lambda_handler
    return handler


def _client_settings(endpoint: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
