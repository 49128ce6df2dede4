"""Where HTTP meets the domain: reading events, writing answers, naming the caller. Twin: monolith/edge.py."""

import time
from base64 import b64decode
from collections.abc import Callable
from typing import Any

import msgspec
from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler.api_gateway import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from microservices.aws import is_unavailable
from microservices.clock import now
from microservices.event_formats import to_format_of, to_http_api
from shared_domain.contract.parsing import Query, Shape, parse_body
from shared_domain.contract.problems import Problem, problem, unserved
from shared_domain.errors import DomainError, MalformedBody, NotAuthenticated, Unavailable
from shared_domain.identity import Identity, require_unexpired

Answer = Response[Any]
Event = APIGatewayProxyEventV2
Handler = Callable[[dict[str, Any], Any], dict[str, Any]]

_log = Logger()


def body(event: Event, shape: type[Shape]) -> Shape:
    """Return the request's JSON as `shape`, or raise what the contract says of one that is not."""
    return parse_body(shape, raw(event), content_type=event.headers.get("content-type"))


def raw(event: Event) -> bytes:
    """Return the body's bytes. Raise MalformedBody where the gateway, which hands on text, has replaced what was no UTF-8."""
    text = event.body or ""
    if event.is_base64_encoded:
        return b64decode(text)
    sent = text.encode(errors="surrogatepass")
    if "\ufffd" in text and event.headers.get("content-length", str(len(sent))) != str(len(sent)):
        raise MalformedBody("the body is not JSON in UTF-8")
    return sent


def query(event: Event) -> Query:
    """Return the query string, to be asked by name."""
    return Query(event.raw_query_string)


def answer(value: dict[str, Any] | None, status: int = 200, **headers: str) -> Answer:
    """Return the value as JSON; None is an empty body. Header names are given in lower case."""
    if value is None:
        return Response(status, body="", headers=headers)
    return Response(status, "application/json", msgspec.json.encode(value).decode(), headers)


def content(file: bytes, kind: str) -> Answer:
    """Return bytes of that content type; the gateway is given them as base64."""
    return Response(200, kind, file)


def caller(event: Event) -> str:
    """Return the user that the gateway's authorizer named. It never refuses, so the reason of a bad token is raised here."""
    told: dict[str, str] = (event["requestContext"].get("authorizer") or {}).get("lambda") or {}
    if "username" in told:
        return require_unexpired(Identity(told["username"], int(told["expires"])), now=now())
    if "away" in told:
        raise Unavailable(told["away"])
    raise NotAuthenticated(told.get("reason", "nobody is identified at this door"))


def serve(router: APIGatewayHttpRouter) -> Handler:
    """Return the function that answers at any door: refusals leave as problems, every request as one line in the log."""
    app = APIGatewayHttpResolver()
    app.include_router(router)
    app.exception_handler(DomainError)(lambda error: _told(problem(error)))
    app.exception_handler(Exception)(_unexpected)
    app.not_found(lambda error: _told(unserved(404)))  # the gateway's pattern may fit a path where Powertools' does not

    def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        started = time.perf_counter()
        asked = to_http_api(event)
        response = app.resolve(asked, context)
        milliseconds = (time.perf_counter() - started) * 1000
        _log.info("request", route=asked["routeKey"], status=response["statusCode"], ms=round(milliseconds, 2))
        return to_format_of(event, response)

    return lambda_handler


def _told(problem: Problem) -> Answer:
    headers = dict(problem.headers)
    return Response(problem.status, headers.pop("Content-Type"), msgspec.json.encode(problem.body).decode(), headers)


def _unexpected(error: Exception) -> Answer:
    """Tell a store that is away from a fault of ours. The cause goes to the log and never into the answer."""
    _log.exception("unexpected", exc_info=error)
    return _told(problem(Unavailable("a store is unavailable")) if is_unavailable(error) else unserved(500))
