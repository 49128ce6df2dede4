"""`python -m loadtests watch`: show the newest comparison on a local web page while it runs.

The page polls the events of the run's journal (journal.py). Start it in another terminal; Ctrl-C ends it.
"""

import argparse
import json
import os
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO
from urllib.parse import parse_qs, urlsplit

import psutil
from rich.console import Console

from loadtests import settings
from loadtests.errors import UsageError
from loadtests.journal import NAME
from loadtests.processes import Interrupted

HOST, PORT = "127.0.0.1", 8800
PAGE = Path(__file__).with_suffix(".html")
POLICY = "default-src 'none'; connect-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
Event = dict[str, Any]


class Follower:
    """Read the newest journal below a folder. The file stays open, because a run that ends well deletes it."""

    def __init__(self, runs: Path) -> None:
        self._runs = runs
        self._lock = Lock()
        self._file: BinaryIO | None = None
        self._run = ""
        self._events: list[Event] = []

    def after(self, run: str, count: int) -> dict[str, Any]:
        """Return the name of the shown run and its events after the first `count`; all if `run` is another one."""
        with self._lock:
            self._follow_newest()
            self._read()
            return {"run": self._run, "events": self._events[count if run == self._run else 0 :]}

    def _follow_newest(self) -> None:
        """Switch to a newer run once the shown one has ended."""
        if self._file is not None and not self._ended():
            return
        journals = sorted(self._runs.glob(f"*/{NAME}"), key=lambda file: file.stat().st_mtime)
        if journals and journals[-1].parent.name != self._run:
            self._file, self._run, self._events = journals[-1].open("rb"), journals[-1].parent.name, []

    def _read(self) -> None:
        if self._file is None or self._ended():
            return
        while (line := self._file.readline()).endswith(b"\n"):
            with suppress(json.JSONDecodeError):
                event = json.loads(line)
                if isinstance(event, dict) and "kind" in event:
                    self._events.append(event)
        self._file.seek(-len(line), os.SEEK_CUR)  # an unfinished line is read again
        if not self._ended() and not _is_alive(self._events):
            self._events.append({"kind": "ended", "how": "its process is gone"})

    def _ended(self) -> bool:
        return bool(self._events) and self._events[-1]["kind"] == "ended"


def serve(follower: Follower, port: int) -> ThreadingHTTPServer:
    """Return a server of the page and its events, on the loopback address only. Raise UsageError if the port is in use."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            place = urlsplit(self.path)
            if self.headers.get("Host", "").partition(":")[0] not in (HOST, "localhost"):
                self.send_error(421)  # the name of another site that resolves to this address
            elif place.path == "/":
                self._answer("text/html; charset=utf-8", PAGE.read_bytes())
            elif place.path == "/events":
                query = parse_qs(place.query)
                count = query.get("after", ["0"])[0]
                events = follower.after(query.get("run", [""])[0], int(count) if count.isdecimal() else 0)
                self._answer("application/json", json.dumps(events).encode())
            else:
                self.send_error(404)

        def log_message(self, format: str, *args: object) -> None:
            """Write no access log."""

        def _answer(self, content_type: str, body: bytes) -> None:
            self.send_response(200)
            for name, value in {
                "Content-Type": content_type, "Content-Length": str(len(body)), "Cache-Control": "no-store",
                "Content-Security-Policy": POLICY,
            }.items():  # fmt: skip
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    try:
        return ThreadingHTTPServer((HOST, port), Handler)
    except OSError as error:
        raise UsageError(f"the page cannot be served on port {port}: {error.strerror}") from error


def register(verb: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    verb.add_argument(
        "--port", type=settings.whole(0, 65_535), default=PORT, help=f"of the page ({PORT}; 0: a free one)"
    )
    verb.add_argument("--runs", type=Path, default=Path(".run"), help="folder of the runs' directories (.run)")
    verb.set_defaults(command=run)


def run(options: argparse.Namespace, console: Console) -> int:
    """Serve the page until Ctrl-C."""
    with serve(Follower(options.runs), options.port) as server:
        console.print(f"watch: http://{HOST}:{server.server_port}/ (Ctrl-C ends it)", highlight=False, soft_wrap=True)
        try:
            server.serve_forever(poll_interval=0.1)
        except Interrupted:
            console.print("stopped")
    return 0


def _is_alive(events: list[Event]) -> bool:
    """Return whether the process of a run exists. A pid may belong to another process by now."""
    began = next((event for event in events if event["kind"] == "began"), None)
    if began is None:  # the first line is still being written
        return True
    try:
        process = psutil.Process(began["pid"])
        return process.status() != psutil.STATUS_ZOMBIE and abs(process.create_time() - began["born"]) < 1
    except psutil.NoSuchProcess:
        return False
