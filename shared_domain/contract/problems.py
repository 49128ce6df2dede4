"""Error → status and problem (RFC 9457): the one translation table, asked by the error handler of either side."""

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
    Unavailable,
    WrongContentType,
)

CONTENT_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 1


class Problem(NamedTuple):
    status: int
    headers: dict[str, str]
    body: dict[str, Any]


_MEANING: dict[type[DomainError], tuple[int, str, str]] = {
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
    # Only a use case that lost every race it ran answers with it: the client may try again, as it may after Unavailable.
    Conflict: (503, "conflict", "Concurrent changes"),
    Unavailable: (503, "unavailable", "A dependency is unavailable"),
}


def problem(error: DomainError) -> Problem:
    """Return what the client is told. Only the error's own words go out: never a cause, a table name or a path."""
    status, name, title = _MEANING[type(error)]
    body: dict[str, Any] = {"type": f"/problems/{name}", "title": title, "status": status, "detail": str(error)}
    if isinstance(error, InvalidInput):
        body["errors"] = [{"field": error.field, "message": error.message}]
    return Problem(status, _headers(status), body)


def unserved(status: int) -> Problem:
    """Return the problem of a request that reaches no operation, e.g. 404 for a path and 405 for a method that nothing serves."""
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
    if status == 503:
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return headers
