"""Translate between HTTP and the domain: read the current event, identify the user, respond. Twin: monolith/edge.py."""

import time
from base64 import b64decode
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import msgspec
from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler.api_gateway import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.api_gateway import Response as PowertoolsResponse
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from microservices.aws import is_unavailable
from microservices.clock import now
from microservices.event_formats import to_format_of, to_http_api
from microservices.request_ids import with_request_id
from shared_domain.contract.parsing import MAX_BODY_BYTES, Query, Shape, parse_body
from shared_domain.contract.problems import Problem, http_problem, to_problem
from shared_domain.errors import DomainError, MalformedBody, NotAuthenticated, TooLarge, Unavailable
from shared_domain.identity import Identity, require_unexpired

Response = PowertoolsResponse[Any]
Handler = Callable[[dict[str, Any], Any], dict[str, Any]]

_event: ContextVar[APIGatewayProxyEventV2] = ContextVar("event")
_log = Logger()


def body(shape: type[Shape]) -> Shape:
    """Return the request's JSON body as `shape`. Raise the errors of `parse_body`."""
    return parse_body(shape, raw_body(max_bytes=MAX_BODY_BYTES), content_type=header("content-type"))


def raw_body(*, max_bytes: int) -> bytes:
    """Return the request's body. Raise TooLarge for a longer one, MalformedBody for one that is not the base64 it claims to be.

    The gateway replaces invalid bytes of a text before the function sees them; only the length then differs from Content-Length.
    Such a body is returned with other invalid bytes, so that decoding it fails.
    """
    event = _event.get()
    text = event.body or ""
    sent = _decode_base64(text) if event.is_base64_encoded else text.encode(errors="surrogatepass")
    if not event.is_base64_encoded and "\ufffd" in text and header("content-length") not in (None, str(len(sent))):
        sent = sent.replace("\ufffd".encode(), b"\xff")
    if len(sent) > max_bytes:
        raise TooLarge(f"the body must be at most {max_bytes} bytes")
    return sent


def _decode_base64(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError as error:
        raise MalformedBody("the body is not base64") from error


def query() -> Query:
    """Return the request's query parameters."""
    return Query(_event.get().raw_query_string)


def header(name: str) -> str | None:
    """Return a header of the request, None if it is absent."""
    return _event.get().headers.get(name)


def client_address() -> str:
    """Return the client's IP address as the gateway saw it. A header of the client cannot change it."""
    address: str = _event.get()["requestContext"]["http"]["sourceIp"]
    return address


def current_user() -> str:
    """Return the username that the authorizer read from the token. Raise NotAuthenticated unless the token is valid.

    The authorizer lets every request pass and reports why a token is invalid: the gateway's own 401 differs from the contract's.
    """
    authorizer: dict[str, str] = (_event.get()["requestContext"].get("authorizer") or {}).get("lambda") or {}
    if "username" in authorizer:
        return require_unexpired(Identity(authorizer["username"], int(authorizer["expires"])), now=now())
    if "unavailable" in authorizer:
        raise Unavailable(authorizer["unavailable"])
    raise NotAuthenticated(authorizer.get("reason", "this entry point has no authorizer"))


def respond(value: dict[str, Any] | None, status: int = 200, **headers: str) -> Response:
    """Return a response with the value as JSON, or with an empty body for None. Header names are in lower case."""
    if value is None:
        return Response(status, body="", headers=headers)
    return Response(status, "application/json", msgspec.json.encode(value).decode(), headers)


def respond_with_file(content: bytes, content_type: str) -> Response:
    """Return a response with the bytes of a file. Powertools encodes them as base64 for the gateway."""
    return Response(200, content_type, content)


def serve(router: APIGatewayHttpRouter) -> Handler:
    """Return a Lambda handler that turns errors into the contract's problems and logs one line for each request.

    It accepts the events of HTTP APIs, REST APIs and load balancers (see event_formats.py).
    """
    app = APIGatewayHttpResolver()
    app.include_router(router)
    app.exception_handler(DomainError)(lambda error: _respond_with_problem(to_problem(error)))
    app.exception_handler(Exception)(_handle_unexpected)
    app.not_found(
        lambda error: _respond_with_problem(http_problem(404))
    )  # a path that only the gateway's pattern matches

    @with_request_id
    def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        started = time.perf_counter()
        http_event = to_http_api(event)
        _event.set(APIGatewayProxyEventV2(http_event))  # a process handles one event at a time
        response = app.resolve(http_event, context)
        milliseconds = (time.perf_counter() - started) * 1000
        _log.info("request", route=http_event["routeKey"], status=response["statusCode"], ms=round(milliseconds, 2))
        return to_format_of(event, response)

    return lambda_handler


def _respond_with_problem(problem: Problem) -> Response:
    headers = dict(problem.headers)
    return Response(problem.status, headers.pop("Content-Type"), msgspec.json.encode(problem.body).decode(), headers)


def _handle_unexpected(error: Exception) -> Response:
    """Return 503 if AWS is unavailable, else 500. The cause goes to the log and never into the response."""
    _log.exception("unexpected", exc_info=error)
    if is_unavailable(error):
        return _respond_with_problem(to_problem(Unavailable("the data store is unavailable")))
    return _respond_with_problem(http_problem(500))
