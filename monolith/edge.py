"""Where HTTP meets the domain: reading requests, writing answers, naming the caller. Twin: microservices/edge.py."""

import logging
import time
from collections.abc import Callable
from typing import Any

import msgspec
from flask import Flask, Request, Response, g, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import WebsocketMismatch

from monolith.clock import now
from shared_domain import tokens
from shared_domain.contract.parsing import MAX_BODY_BYTES, Query, Shape, parse_body
from shared_domain.contract.problems import Problem, problem, unserved
from shared_domain.errors import DomainError, TooLarge
from shared_domain.identity import require_unexpired

Answer = Response
Caller = Callable[[Request], str]

_log = logging.getLogger("monolith.requests")


def body(request: Request, shape: type[Shape]) -> Shape:
    """Return the request's JSON as `shape`, or raise what the contract says of one that is not."""
    return parse_body(shape, raw(request, most=MAX_BODY_BYTES), content_type=request.headers.get("Content-Type"))


def raw(request: Request, *, most: int) -> bytes:
    """Return the body's bytes, at most so many; what is larger ends the request with a 413."""
    request.max_content_length = most
    return request.get_data()


def query(request: Request) -> Query:
    """Return the query string, to be asked by name."""
    return Query(request.query_string.decode(errors="surrogateescape"))


def answer(value: dict[str, Any] | None, status: int = 200, **headers: str) -> Answer:
    """Return the value as JSON; None is an empty body. Header names are given in lower case."""
    response = Response(b"" if value is None else msgspec.json.encode(value), status, headers)
    if value is None:
        del response.headers["Content-Type"]
    else:
        response.content_type = "application/json"
    return response


def page(html: str) -> Answer:
    """Return a page for people."""
    return Response(html, 200, content_type="text/html; charset=utf-8")


def content(file: bytes, kind: str) -> Answer:
    """Return bytes of that content type."""
    return Response(file, 200, content_type=kind)


def caller_named_by(secret: str) -> Caller:
    """Return what tells who calls: the user that the verified token names, and nothing else a request says."""

    def caller(request: Request) -> str:
        identity = tokens.verify(request.headers.get("Authorization"), secret=secret)
        return require_unexpired(identity, now=now())

    return caller


def guard(app: Flask) -> None:
    """Let every refusal leave as the contract's problem, and every request as one line in the log."""
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES  # unless an operation says otherwise
    app.register_error_handler(DomainError, lambda error: _told(problem(error)))
    app.register_error_handler(HTTPException, _unserved)
    app.before_request(_start_clock)
    app.after_request(_log_request)


def _told(problem: Problem) -> Answer:
    return Response(msgspec.json.encode(problem.body), problem.status, problem.headers)


def _unserved(error: HTTPException) -> Answer:
    if error.code == 413:
        return _told(problem(TooLarge(f"the body must be at most {request.max_content_length} bytes")))
    if isinstance(error, WebsocketMismatch):
        return _told(unserved(404))  # a path of the live feed asked like a page, or a page's like the live feed
    return _told(unserved(error.code or 500))


def _start_clock() -> None:
    g.started = time.perf_counter()


def _log_request(response: Answer) -> Answer:
    milliseconds = (time.perf_counter() - g.started) * 1000
    line = {
        "method": request.method,
        "path": request.path,
        "status": response.status_code,
        "ms": round(milliseconds, 2),
    }
    _log.info(msgspec.json.encode(line).decode())
    return response
