"""A worker process: uvicorn's event loop and protocols under gunicorn's main process.

Why these two: docs/decisions/0003-server.md.
"""

import asyncio
import ctypes
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn
import uvloop
from gunicorn.workers import base

from monolith.asgi import Application
from monolith.connections import HttpConnection, LiveConnection

PING_SECONDS = 20.0  # a client of the live feed that does not answer before the next ping is disconnected
_M_MMAP_THRESHOLD, _MMAP_BYTES = -3, 4 * 2**20  # mallopt(3)
_MAX_MESSAGE_BYTES = 128 * 1024  # of the live feed, the gateway's limit; a longer message closes the connection


class Worker(base.Worker):  # type: ignore[misc]
    """Run uvicorn as a gunicorn worker. gunicorn's configuration sets `threads`, `keepalive` and `graceful_timeout`."""

    def run(self) -> None:
        """Serve until SIGTERM, or until the main process has ended."""
        _return_large_blocks()
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        config = uvicorn.Config(
            Application(self.wsgi, threads=self.cfg.threads),
            http=HttpConnection,
            ws=LiveConnection,
            interface="asgi3",
            lifespan="off",
            log_config=None,
            access_log=False,  # the edge logs a line for each request
            proxy_headers=False,  # the peer's address counts, whatever its headers say
            server_header=False,
            backlog=self.cfg.backlog,
            timeout_keep_alive=self.cfg.keepalive,
            timeout_graceful_shutdown=self.cfg.graceful_timeout,
            ws_max_size=_MAX_MESSAGE_BYTES,
            ws_ping_interval=PING_SECONDS,
            ws_ping_timeout=PING_SECONDS,
            ws_per_message_deflate=False,  # the messages are short
        )
        await _Server(config, worker=self).serve(sockets=[listener.sock for listener in self.sockets])


class _Server(uvicorn.Server):
    """uvicorn's server with gunicorn's signals and heartbeat."""

    def __init__(self, config: uvicorn.Config, *, worker: Worker) -> None:
        super().__init__(config)
        self._worker = worker

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to gunicorn's worker: SIGTERM changes its `alive`."""
        yield

    async def on_tick(self, counter: int) -> bool:
        """Send the heartbeat, ten times a second. Return whether to end."""
        await super().on_tick(counter)
        self._worker.notify()
        return not self._worker.alive or os.getppid() != self._worker.ppid

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the live feed, finish current requests and close idle connections."""
        hub: Any = self._worker.wsgi.extensions.get("hub")
        if hub is not None:
            hub.close()
        await super().shutdown(sockets)


def _return_large_blocks() -> None:
    """Let the C library return the 19 MiB of a password hash after use. glibc keeps them in each thread: 80 MB in four."""
    with suppress(AttributeError):  # not glibc
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _MMAP_BYTES)
