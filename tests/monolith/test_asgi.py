"""The ASGI application around Flask: what takes a thread, and what does not."""

import asyncio
import threading
from typing import Any

from flask import Flask

from monolith.asgi import Application

from .test_live import PATIENCE_S, Messages, in_event_loop, never

THREADS = 2


class Blocking:
    """A Flask application with a route that blocks, and one that needs no database."""

    def __init__(self) -> None:
        self.started, self.finish = threading.Semaphore(0), threading.Event()
        self.flask = Flask("blocking")
        self.flask.extensions["independent_paths"] = frozenset({"/health"})
        self.flask.add_url_rule("/blocks", view_func=self._block, methods=["GET", "POST"])
        self.flask.add_url_rule("/health", view_func=lambda: "healthy")

    def _block(self) -> str:
        self.started.release()
        self.finish.wait(PATIENCE_S)
        return "done"


async def request(
    application: Application, path: str, *, body: bytes | None = b"", host: bytes | None = b"here"
) -> Messages:
    """Send a request and return the messages of its response. None for a body that does not arrive, or no Host header."""
    scope = {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"", "scheme": "http",
        "http_version": "1.1", "server": ("here", 80), "client": ("there", 1), "headers": [(b"host", host)] if host else [],
    }  # fmt: skip
    sent: Messages = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return await never() if body is None else {"type": "http.request", "body": body, "more_body": False}

    await application(scope, receive, send)
    return sent


@in_event_loop
async def test_a_path_without_the_database_is_answered_while_every_thread_waits() -> None:
    blocking = Blocking()
    application = Application(blocking.flask, threads=THREADS)
    waiting = [asyncio.create_task(request(application, "/blocks")) for _ in range(THREADS + 3)]
    for _ in range(THREADS):
        assert await asyncio.to_thread(blocking.started.acquire, timeout=PATIENCE_S)
    assert (await request(application, "/health"))[1]["body"] == b"healthy"
    assert not blocking.started.acquire(blocking=False)  # the others wait for a thread
    blocking.finish.set()
    assert [each[1]["body"] for each in await asyncio.gather(*waiting)] == [b"done"] * (THREADS + 3)


@in_event_loop
async def test_a_body_that_does_not_arrive_takes_no_thread() -> None:
    blocking = Blocking()
    application = Application(blocking.flask, threads=THREADS)
    slow = [asyncio.create_task(request(application, "/blocks", body=None)) for _ in range(3 * THREADS)]
    blocking.finish.set()
    assert (await request(application, "/blocks"))[1]["body"] == b"done"
    for task in slow:
        task.cancel()
