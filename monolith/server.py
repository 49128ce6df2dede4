"""gunicorn with threads, run from here so that start, port and end are ours to tell. See docs/decisions for why gunicorn."""

import logging
import os
import socket
from collections.abc import Callable
from pathlib import Path

from flask import Flask
from gunicorn.app.base import BaseApplication

_NEXT_PORTS = 50
_GRACEFUL_SECONDS = 20


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on the port or, where that is taken, on the next free one. Raise OSError if none is."""
    for candidate in range(port, port + _NEXT_PORTS):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, candidate))
            listener.listen(1024)
        except OSError:
            listener.close()
        else:
            return listener
    raise OSError(f"no port is free from {port} to {port + _NEXT_PORTS - 1}")


class Server(BaseApplication):  # type: ignore[misc]
    """Workers forked from one loaded application; SIGTERM lets them finish the requests under way."""

    def __init__(
        self,
        app: Flask,
        listener: socket.socket,
        *,
        workers: int,
        threads: int,
        log: Path,
        ready: Callable[[], None],
    ) -> None:
        self._app = app
        self._chosen = {
            "bind": f"fd://{listener.fileno()}",
            "worker_class": "gthread",
            "workers": workers,
            "threads": threads,
            "preload_app": True,  # what cannot start says so before anything listens, and the workers share its memory
            "keepalive": 30,
            "graceful_timeout": _GRACEFUL_SECONDS,
            "errorlog": str(log),
            "control_socket_disable": True,
            "when_ready": lambda server: ready(),
            "post_worker_init": lambda worker: _log_requests_to(log),
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


def _log_requests_to(log: Path) -> None:
    logging.basicConfig(filename=log, level=logging.INFO, format="%(message)s", force=True)
