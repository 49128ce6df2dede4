"""A page and its server-sent events, on the loopback address alone."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from loadtests.watch.following import Story

HOST = "127.0.0.1"
STILL_HERE_S = 5.0  # a comment that often, so that a reader who went away is noticed
PAGE = Path(__file__).with_name("page.html")
POLICY = "default-src 'none'; connect-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"


@contextmanager
def serving(story: Story, port: int) -> Iterator[str]:
    """Serve a story while the block lasts; gives the page's address. Raise OSError if the port is taken; 0 takes a free one."""

    class Handler(_Handler):
        told = story

    server = ThreadingHTTPServer((HOST, port), Handler)
    server.daemon_threads = True  # a reader may hold its stream for good
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
    try:
        yield f"http://{HOST}:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    """Answers the page at / and the events at /events."""

    told: Story
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer one request."""
        if self.headers.get("Host", "").partition(":")[0] not in (HOST, "localhost"):
            self.send_error(421)  # another site's name was made to point here
        elif self.path == "/":
            self._page(PAGE.read_bytes())
        elif self.path == "/events":
            self._events()
        else:
            self.send_error(404)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the terminal is for what matters."""

    def _page(self, page: bytes) -> None:
        self._head("text/html; charset=utf-8", length=len(page))
        self.wfile.write(page)

    def _events(self) -> None:
        self.close_connection = True
        self._head("text/event-stream")
        last = self.headers.get("Last-Event-ID", "")
        number = int(last) if last.isascii() and last.isdigit() else -1
        try:
            while True:
                events = self.told.after(number, within_s=STILL_HERE_S)
                for number, event in events:
                    self.wfile.write(f"id: {number}\ndata: {json.dumps(event)}\n\n".encode())
                self.wfile.write(b"" if events else b": still here\n\n")
                self.wfile.flush()
        except (BrokenPipeError, ConnectionResetError):  # the reader went away
            return

    def _head(self, kind: str, length: int | None = None) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Security-Policy", POLICY)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()
