"""gunicorn with threads, run from here so that start, port and end are ours to tell. See docs/decisions for why gunicorn."""

import errno
import logging
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from types import FrameType
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from monolith.background import Background
from monolith.live.hub import Hub

_NEXT_PORTS = 50
_LAST_PORT = 65_535
_GRACEFUL_SECONDS = 20


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on the port or, where that is taken, on the next free one. Raise OSError if none is."""
    if not 0 <= port <= _LAST_PORT:
        raise OSError(f"there is no port {port}")
    last = min(port + _NEXT_PORTS - 1, _LAST_PORT)
    for candidate in range(port, last + 1):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, candidate))
            listener.listen(1024)
        except OSError as error:
            listener.close()
            if error.errno != errno.EADDRINUSE:
                raise OSError(f"cannot listen on {host}:{candidate}: {error.strerror}") from error
        else:
            return listener
    raise OSError(f"no port is free from {port} to {last}")


class Server(BaseApplication):  # type: ignore[misc]
    """Workers forked from one loaded application; SIGTERM lets them finish the requests under way.

    `threads` answer requests and as many more as there may be `listeners` wait with the clients of the live feed.
    """

    def __init__(
        self,
        app: Flask,
        listener: socket.socket,
        *,
        workers: int,
        threads: int,
        log: Path,
        ready: Callable[[], None],
        listeners: int = 0,
    ) -> None:
        self._app = app
        self._ready = ready
        self._log = log
        self._chosen = {
            "bind": f"fd://{listener.fileno()}",
            "worker_class": "gthread",
            "workers": workers,
            "threads": threads + listeners,
            "preload_app": True,  # what cannot start says so before anything listens, and the workers share its memory
            "keepalive": 30,
            "limit_request_line": 8_190,  # bytes, the most it can: 200 characters of a query may come as 5,400
            "graceful_timeout": _GRACEFUL_SECONDS,
            "errorlog": str(log),
            "control_socket_disable": True,
            "when_ready": self._begin,
            "post_worker_init": self._begin_worker,
            "worker_exit": self._end_worker,
        }
        super().__init__()

    def run(self) -> None:
        """Serve until told to stop, then leave by SystemExit as gunicorn does. Only the master returns to the caller."""
        master = os.getpid()
        try:
            super().run()
        except SystemExit as ended:
            if os.getpid() != master:
                os._exit(int(ended.code or 0))  # a worker: the caller's cleaning up is its master's to do
            raise

    def load_config(self) -> None:
        for name, value in self._chosen.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self._app

    def _begin(self, arbiter: Any) -> None:
        _end_gently(arbiter)
        self._ready()

    def _begin_worker(self, worker: Any) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends Ctrl-C to all; what it means the master decides
        logging.basicConfig(filename=self._log, level=logging.INFO, format="%(message)s", force=True)
        self._end_live_feed_first(worker)
        self._background().start()

    def _end_worker(self, arbiter: Any, worker: Any) -> None:
        self._background().stop()  # after the last answer, so that what it left to be done is done

    def _end_live_feed_first(self, worker: Any) -> None:
        """Let SIGTERM end the connections of the live feed too: they would last for ever, and the worker waits for all."""
        hub: Hub | None = self._app.extensions.get("hub")
        if hub is None:
            return

        def end(number: int, frame: FrameType | None) -> None:
            worker.handle_exit(number, frame)
            Thread(target=hub.end).start()  # it takes a lock, which what the signal interrupts may hold

        signal.signal(signal.SIGTERM, end)

    def _background(self) -> Background:
        background: Background = self._app.extensions.get("background", Background())
        return background


def _end_gently(arbiter: Any) -> None:
    """Let the first Ctrl-C finish the requests under way, as SIGTERM does; only the second one is gunicorn's, which cuts them."""

    def first(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, arbiter.signal)
        arbiter.signal(signal.SIGTERM, frame)

    signal.signal(signal.SIGINT, first)
