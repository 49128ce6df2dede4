"""Translate errors into a status and a problem document (RFC 9457), for the error handlers of both sides."""

from http import HTTPStatus
from typing import Any, NamedTuple

from shared_domain.errors import (
    AlreadyTaken,
    Conflict,
    DomainError,
    InvalidInput,
    KeyReused,
    MalformedBody,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    OutOfDate,
    TooLarge,
    TooManyAttempts,
    Unavailable,
    WrongContentType,
)

CONTENT_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 1


class Problem(NamedTuple):
    status: int
    headers: dict[str, str]
    body: dict[str, Any]


_PROBLEMS: dict[type[DomainError], tuple[int, str, str]] = {
    MalformedBody: (400, "malformed", "The body cannot be read"),
    NotAuthenticated: (401, "not-identified", "Not authenticated"),
    NotAllowed: (403, "not-allowed", "Not allowed"),
    NotFound: (404, "not-found", "Not found"),
    AlreadyTaken: (409, "taken", "Already taken"),
    KeyReused: (409, "key-reused", "The idempotency key was used for another request"),
    OutOfDate: (412, "out-of-date", "Changed since it was read"),
    TooLarge: (413, "too-large", "The body is too large"),
    WrongContentType: (415, "wrong-content-type", "Unsupported content type"),
    InvalidInput: (422, "invalid-input", "A field is invalid"),
    TooManyAttempts: (429, "too-many-attempts", "Too many attempts"),
    # Reaches a client only after every retry of the use case failed. The client may retry, as after Unavailable.
    Conflict: (503, "conflict", "Concurrent changes"),
    Unavailable: (503, "unavailable", "A dependency is unavailable"),
}


def to_problem(error: DomainError) -> Problem:
    """Return the problem for a client. It contains the error's message and never a cause, a table name or a path."""
    status, name, title = _PROBLEMS[type(error)]
    body: dict[str, Any] = {"type": f"/problems/{name}", "title": title, "status": status, "detail": str(error)}
    if isinstance(error, InvalidInput):
        body["errors"] = [{"field": error.field, "message": error.message}]
    headers = _headers(status)
    if isinstance(error, TooManyAttempts):
        headers["Retry-After"] = str(error.retry_after)
    return Problem(status, headers, body)


def http_problem(status: int) -> Problem:
    """Return the problem for a request that reaches no operation, e.g. 404 for an unknown path or method."""
    phrase = HTTPStatus(status).phrase
    body = {
        "type": f"/problems/{phrase.lower().replace(' ', '-')}",
        "title": phrase,
        "status": status,
        "detail": phrase,
    }
    return Problem(status, _headers(status), body)


def _headers(status: int) -> dict[str, str]:
    headers = {"Content-Type": CONTENT_TYPE}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status == 426:
        headers["Upgrade"] = "websocket"
    if status == 503:
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return headers
