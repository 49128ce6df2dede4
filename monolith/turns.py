"""So many requests at a time, however many threads there are: each client of the live feed holds one and does nothing with it.

A function has its bound in its template.
"""

from collections.abc import Iterable
from threading import Semaphore
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


class Turns:
    """A WSGI application of which `at_once` requests run at a time and the others wait for their turn, but for one path's."""

    def __init__(self, application: WSGIApplication, *, at_once: int, without: str) -> None:
        self._application = application
        self._without = without
        self._turn = Semaphore(at_once)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == self._without:
            return self._application(environ, start_response)
        with self._turn:
            return self._application(environ, start_response)
