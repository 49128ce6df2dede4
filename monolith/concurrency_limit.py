"""So many requests at a time, however many threads there are: each client of the live feed holds one and does nothing with it.

A function has its bound in its template, and its gateway receives a body whole before it wakes one.
"""

from collections.abc import Iterable
from io import BytesIO
from threading import Semaphore
from typing import BinaryIO
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

MAX_BYTES = 1024 * 1024  # bytes, of an avatar: what is larger is refused by its length alone
_READ_REST_AT_MOST = 2 * MAX_BYTES  # who sends more is cut off
_PIECE = 64 * 1024


class ConcurrencyLimit:
    """A WSGI application of which `limit` requests run at a time and the others wait for their turn, but for one path's.

    A body is received before its request takes a turn: who sends it slowly, or never, holds a thread and nobody up.
    """

    def __init__(self, application: WSGIApplication, *, limit: int, exempt_path: str) -> None:
        self._application = application
        self._exempt_path = exempt_path
        self._turn = Semaphore(limit)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == self._exempt_path:
            return self._application(environ, start_response)
        received, too_large = environ["wsgi.input"], _length(environ) > MAX_BYTES
        if not too_large:
            environ["wsgi.input"] = BytesIO(received.read(MAX_BYTES + 1))
        with self._turn:
            answer = self._application(environ, start_response)
        if too_large:
            _read_rest(received)
        return answer


def _length(environ: WSGIEnvironment) -> int:
    length = str(environ.get("CONTENT_LENGTH", ""))
    return int(length) if length.isdecimal() else 0


def _read_rest(body: BinaryIO) -> None:
    """Read what was refused for its size: with too much left, gunicorn hangs up without a word."""
    for _ in range(_READ_REST_AT_MOST // _PIECE):
        if not body.read(_PIECE):
            return
