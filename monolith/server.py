"""Run the main process and its workers from Python, to control the port, the start and the shutdown.

Why this server: docs/decisions/0003-server.md.
"""

import errno
import logging
import os
import resource
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from monolith import logs
from monolith.background import Background
from monolith.worker import Worker

_NEXT_PORTS = 50
_LAST_PORT = 65_535
GRACEFUL_SECONDS = 20
KEEP_ALIVE_SECONDS = 30

_log = logging.getLogger("monolith.server")


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on the port, or on the next free one if it is in use. Raise OSError if none is free."""
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
    """Worker processes forked from one loaded application. SIGTERM lets them finish their current requests.

    SIGHUP replaces them with workers of the application that `load_release` returns.
    Each worker has `threads` threads for requests. Connections take no thread (see worker.py). log: None is standard error.
    """

    def __init__(
        self,
        app: Flask,
        listener: socket.socket,
        *,
        workers: int,
        threads: int,
        log: Path | None,
        ready: Callable[[], None],
        load_release: Callable[[], Flask] | None = None,
    ) -> None:
        self._app = app
        self._load_release = load_release
        self._ready = ready
        self._log = log
        self._options = {
            "bind": f"fd://{listener.fileno()}",
            "worker_class": Worker,
            "workers": workers,
            "threads": threads,
            "preload_app": True,  # an application that cannot start fails before the port opens, and workers share its memory
            "keepalive": KEEP_ALIVE_SECONDS,
            "graceful_timeout": GRACEFUL_SECONDS,
            "errorlog": str(log or "-"),
            "control_socket_disable": True,
            "when_ready": self._on_ready,
            "post_worker_init": self._on_worker_start,
            "worker_exit": self._on_worker_exit,
        }
        super().__init__()

    def run(self) -> None:
        """Serve until SIGTERM or Ctrl-C, then raise SystemExit as gunicorn does. Only the master process returns to the caller."""
        master = os.getpid()
        _allow_many_connections()
        try:
            super().run()
        except SystemExit as exit:
            if os.getpid() != master:
                # A worker must not run the caller's cleanup: that belongs to the master process.
                os._exit(int(exit.code or 0))
            raise

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self._app

    def reload(self) -> None:
        """Load the new release on SIGHUP. gunicorn then starts new workers and ends the old ones gracefully.

        If the release does not start, the new workers run the old one.
        """
        super().reload()
        if self._load_release is None:
            return
        try:
            self.callable = self._load_release()
        except Exception:
            _log.exception("the new release does not start, so the old one goes on")

    def _on_ready(self, arbiter: Any) -> None:
        _stop_gracefully_on_first_interrupt(arbiter)
        self._ready()

    def _on_worker_start(self, worker: Any) -> None:
        # A terminal sends Ctrl-C to every process; only the master handles it.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        logs.configure(self._log, level=logging.INFO)
        self._background().start()

    def _on_worker_exit(self, arbiter: Any, worker: Any) -> None:
        self._background().stop()  # after the last response, so that the tasks finish the work that requests left

    def _background(self) -> Background:
        background: Background = self.wsgi().extensions.get("background", Background())
        return background


def _allow_many_connections() -> None:
    """Raise the limit of open files to what the system permits: each connection is one, and the usual limit is 1,024."""
    _, permitted = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (permitted, permitted))


def _stop_gracefully_on_first_interrupt(arbiter: Any) -> None:
    """Let the first Ctrl-C finish current requests, as SIGTERM does. The second one stops at once, as in gunicorn."""

    def stop_gracefully(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, arbiter.signal)
        arbiter.signal(signal.SIGTERM, frame)

    signal.signal(signal.SIGINT, stop_gracefully)
