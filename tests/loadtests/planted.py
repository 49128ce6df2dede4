"""Small servers with planted faults, and load on them."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

from loadtests.load import BlockResult, LoadPlan
from loadtests.load_process import LoadProcess

Behaviour = Callable[[int], tuple[int, object]]


class Server(ThreadingHTTPServer):
    """Answer by the number of the request, counted from 1."""

    request_queue_size = 1024
    daemon_threads = True

    def __init__(self, behave: Behaviour) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behave = behave
        self.numbers = count(1)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body go out apart, and a client may take 0.2 s to acknowledge the head
    server: Server

    def do_GET(self) -> None:
        status, body = self.server.behave(next(self.server.numbers))
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_PUT = do_POST = do_GET  # noqa: N815 - the names that http.server looks for

    def log_message(self, *words: object) -> None:
        """Write no log."""


@contextmanager
def serving(behave: Behaviour) -> Iterator[Server]:
    """Serve while the block lasts."""
    with Server(behave) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def stalling(at: int, seconds: float) -> Behaviour:
    """Return the behaviour of a server that answers at once, but stalls for some seconds at request number `at`."""
    over = threading.Event()
    over.set()

    def behave(number: int) -> tuple[int, object]:
        if number == at:
            over.clear()
            time.sleep(seconds)  # the planted stall itself
            over.set()
        over.wait()
        return 200, {}

    return behave


def offered(generator: LoadProcess, url: str, **changed: object) -> BlockResult:
    """Offer one block of plain GETs and return its result."""
    plan = {"rate": 50.0, "duration_s": 4.0, "warm_up_s": 0.0, "seed": "test", "path": "/", **changed}
    return generator.run(LoadPlan(base_url=url, **plan))  # type: ignore[arg-type]
