"""An httpx transport into a WSGI application in this process.

httpx's own one decodes paths twice, against PEP 3333, so hostile paths would not arrive as sent.
"""

import io
import sys
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_to_bytes
from wsgiref.types import WSGIApplication

import httpx


class WsgiTransport(httpx.BaseTransport):
    """Call the application as a server does. Its exceptions are raised here, not turned into a 500."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        started: dict[str, Any] = {}

        def start_response(
            status: str, headers: list[tuple[str, str]], exc_info: Any = None
        ) -> Callable[[bytes], object]:
            if exc_info:
                raise exc_info[1]
            started.update(status=int(status.split(maxsplit=1)[0]), headers=headers)
            return io.BytesIO().write

        body = self._application(environ(request), start_response)
        content = b"".join(body)
        _close(body)
        return httpx.Response(started["status"], headers=started["headers"], content=content)


def environ(request: httpx.Request) -> dict[str, Any]:
    """Return the WSGI environment of a request. Paths are bytes decoded as latin-1 (PEP 3333)."""
    path, _, query = request.url.raw_path.partition(b"?")
    content = request.read()
    headers = {
        f"HTTP_{name.upper().replace('-', '_')}": value
        for name, value in request.headers.items()
        if name not in ("content-type", "content-length", "transfer-encoding")  # as monolith/wsgi.py does
    }
    return headers | {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "CONTENT_LENGTH": str(len(content)),
        "SERVER_NAME": request.url.host,
        "SERVER_PORT": str(request.url.port or 80),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": request.url.scheme,
        "wsgi.input": io.BytesIO(content),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


def _close(body: Iterable[bytes]) -> None:
    close = getattr(body, "close", None)
    if close is not None:
        close()
