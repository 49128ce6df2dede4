"""The deployed functions' handlers in this process, with the stores of the local AWS, to look inside a request."""

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
def local_aws_without_logs(endpoint: str) -> Iterator[None]:
    """Point handlers of this process to the local AWS for the length of a block, and discard their logs.

    A logger keeps the stream of its creation, so one block must contain all calls.
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


def import_handlers(environments: dict[str, dict[str, str]]) -> dict[str, Handler]:
    """Import the handler of each service again, with its function's environment, and return it."""
    return {feature: _imported(feature, environment) for feature, environment in environments.items()}


def event(operation: str, *, parameters: dict[str, str] | None = None, **request: Any) -> dict[str, Any]:
    """Return the event of a request as the HTTP API sends it (payload 2.0). request: query, body or content, headers, username."""
    method, route = operation.split()
    path = route.format_map(parameters or {})
    authorizer = {"lambda": {"username": request["username"], "expires": str(int(time.time()) + AN_HOUR)}}
    return {
        "version": "2.0",
        "routeKey": operation,
        "rawPath": path,
        "rawQueryString": urlencode(request.get("query", {})),
        "queryStringParameters": request.get("query"),
        "headers": {**HEADERS, **request.get("headers", {})},
        "pathParameters": parameters or {},
        "requestContext": {
            "http": {"method": method, "path": path, "sourceIp": "192.0.2.1"},
            "stage": "$default",
            "authorizer": authorizer if request["username"] else {},
        },
        "body": _body(request),
        "isBase64Encoded": "content" in request,
    }


def _body(request: dict[str, Any]) -> str | None:
    if "content" in request:
        return b64encode(request["content"]).decode()
    return json.dumps(request["body"]) if "body" in request else None


def _imported(feature: str, environment: dict[str, str]) -> Handler:
    os.environ.update(environment)
    name = f"microservices.{feature}.handler"
    sys.modules.pop(name, None)  # a handler reads its environment at import
    handler: Handler = importlib.import_module(name).lambda_handler
    return handler


def _client_settings(endpoint: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
