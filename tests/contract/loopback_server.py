"""A server on loopback, so that a function in this process can call the API by URL."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx


@contextmanager
def loopback() -> Iterator[ThreadingHTTPServer]:
    """Run the server while the block lasts. Set its attribute `gateway` before the first request."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _GatewayHandler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _GatewayHandler(BaseHTTPRequestHandler):
    """Pass requests of functions to the gateway."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = re.sub(r"^/_aws/execute-api/[^/]+/\$default", "", self.path)
        request = httpx.Request("GET", f"http://functions.test{path}", headers=dict(self.headers))
        answer: httpx.Response = self.server.gateway.serve(request)  # type: ignore[attr-defined]
        self.send_response(answer.status_code)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Log nothing, to keep the tests' output clean."""
