"""Limit the number of concurrent requests of a worker. A live feed client occupies a thread but no request slot.

On the services the template limits each function, and the gateway receives the whole body before it invokes one.
"""

from collections.abc import Iterable
from io import BytesIO
from threading import Semaphore
from typing import BinaryIO
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

MAX_BODY_BYTES = 1024 * 1024  # the largest body of any operation: an avatar
_MAX_DISCARDED_BYTES = 2 * MAX_BODY_BYTES
_CHUNK_BYTES = 64 * 1024


class ConcurrencyLimit:
    """WSGI middleware that runs at most `limit` requests at a time. Further ones wait; those of `exempt_path` never do.

    A body is received before its request takes a slot, so a client that sends slowly blocks its own thread only.
    """

    def __init__(self, application: WSGIApplication, *, limit: int, exempt_path: str) -> None:
        self._application = application
        self._exempt_path = exempt_path
        self._slots = Semaphore(limit)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == self._exempt_path:
            return self._application(environ, start_response)
        body, too_large = environ["wsgi.input"], _content_length(environ) > MAX_BODY_BYTES
        if not too_large:
            environ["wsgi.input"] = BytesIO(body.read(MAX_BODY_BYTES + 1))
        with self._slots:
            response = self._application(environ, start_response)
        if too_large:
            _discard(body)
        return response


def _content_length(environ: WSGIEnvironment) -> int:
    length = str(environ.get("CONTENT_LENGTH", ""))
    return int(length) if length.isdecimal() else 0


def _discard(body: BinaryIO) -> None:
    """Read a rejected body, up to 2 MiB: gunicorn closes the connection without a response if much of it is unread."""
    for _ in range(_MAX_DISCARDED_BYTES // _CHUNK_BYTES):
        if not body.read(_CHUNK_BYTES):
            return
