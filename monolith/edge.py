"""Translate between HTTP and the domain: read the current request, authenticate, respond. Twin: microservices/edge.py."""

import logging
import time
from typing import Any
from urllib.parse import quote

import msgspec
from flask import Flask, current_app, g, request
from flask import Response as FlaskResponse
from werkzeug.exceptions import HTTPException

from monolith.clock import now
from shared_domain import tokens
from shared_domain.contract import live
from shared_domain.contract.parsing import MAX_BODY_BYTES, MAX_HEAD_BYTES, Query, Shape, parse_body
from shared_domain.contract.problems import Problem, http_problem, to_problem
from shared_domain.errors import DomainError, TooLarge
from shared_domain.identity import require_unexpired

Response = FlaskResponse

_log = logging.getLogger("monolith.requests")


def body(shape: type[Shape]) -> Shape:
    """Return the request's JSON body as `shape`. Raise the errors of `parse_body`."""
    return parse_body(shape, raw_body(max_bytes=MAX_BODY_BYTES), content_type=header("content-type"))


def raw_body(*, max_bytes: int) -> bytes:
    """Return the request's body. A longer one is not read: Werkzeug raises 413, which becomes TooLarge's problem."""
    request.max_content_length = max_bytes
    return request.get_data()


def query() -> Query:
    """Return the request's query parameters."""
    return Query(request.query_string.decode(errors="surrogateescape"))


def header(name: str) -> str | None:
    """Return a header of the request, None if it is absent."""
    return request.headers.get(name)


def client_address() -> str:
    """Return the client's IP address as the server saw it. A header of the client cannot change it."""
    return request.remote_addr or ""


def current_user() -> str:
    """Return the username in the request's bearer token. Raise NotAuthenticated unless the token is valid."""
    identity = tokens.verify(header("authorization"), secret=current_app.config["TOKEN_SECRET"])
    return require_unexpired(identity, now=now())


def respond(value: dict[str, Any] | None, status: int = 200, **headers: str) -> Response:
    """Return a response with the value as JSON, or with an empty body for None. Header names are in lower case."""
    response = Response(b"" if value is None else msgspec.json.encode(value), status, headers)
    if value is None:
        del response.headers["Content-Type"]
    else:
        response.content_type = "application/json"
    return response


def respond_with_html(html: str) -> Response:
    """Return a response with an HTML page."""
    return Response(html, 200, content_type="text/html; charset=utf-8")


def respond_with_file(content: bytes, content_type: str) -> Response:
    """Return a response with the bytes of a file."""
    return Response(content, 200, content_type=content_type)


def configure(app: Flask, *, token_secret: str) -> None:
    """Verify tokens with the secret, turn errors into the contract's problems, and log one line for each request."""
    app.config["TOKEN_SECRET"] = token_secret
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES  # `raw_body` sets another limit
    app.register_error_handler(DomainError, lambda error: _respond_with_problem(to_problem(error)))
    app.register_error_handler(HTTPException, _handle_http_exception)
    app.before_request(_start_clock)
    app.before_request(_refuse_large_head)
    app.after_request(_log_request)


def _respond_with_problem(problem: Problem) -> Response:
    return Response(msgspec.json.encode(problem.body), problem.status, problem.headers)


def _handle_http_exception(error: HTTPException) -> Response:
    if error.code == 413:
        return _respond_with_problem(
            to_problem(TooLarge(f"the body must be at most {request.max_content_length} bytes"))
        )
    return _respond_with_problem(http_problem(_status_of(error)))


def _status_of(error: HTTPException) -> int:
    """Return the status of a request that reaches no operation. An unknown method is a 404: API Gateway knows only routes."""
    if request.path == live.PATH:
        return 426
    return 404 if error.code == 405 else error.code or 500


def _start_clock() -> None:
    g.started = time.perf_counter()


def _refuse_large_head() -> Response | None:
    """Refuse a request whose line and header values exceed API Gateway's quota."""
    line = len(request.method) + len(quote(request.path)) + len(request.query_string)
    size = line + sum(len(value) for value in request.headers.values())
    return _respond_with_problem(http_problem(431)) if size > MAX_HEAD_BYTES else None


def _log_request(response: Response) -> Response:
    milliseconds = (time.perf_counter() - g.started) * 1000
    line = {
        "method": request.method,
        "path": request.path,
        "status": response.status_code,
        "ms": round(milliseconds, 2),
    }
    _log.info("request", extra={"fields": line})
    return response
