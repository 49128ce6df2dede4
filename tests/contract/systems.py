"""Start the monolith for tests: in this process, or as a process of its own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from wsgiref.types import WSGIApplication

from flask import Flask

from monolith import embedded_postgres
from monolith.app import create_app
from monolith.background import Background
from monolith.database import migrate
from monolith.settings import Settings
from tests.conftest import ADMINISTRATOR
from tests.fast_hashing import hash_fast

PROJECT = Path(__file__).parents[2]
THREADS = 8  # as many as the concurrency tests use
START_S = 60
STOP_S = 20
TOKEN_SECRET = "only the tests know this secret, and it is long enough for every signature that they forge"


@contextmanager
def monolith_application(data: Path) -> Iterator[WSGIApplication]:
    """Yield the monolith over an embedded PostgreSQL of its own, whose data is in the folder."""
    hash_fast()
    with embedded_postgres.running(data) as url:
        migrate(url)
        administrators = frozenset({ADMINISTRATOR})
        app = create_app(
            Settings(
                database_url=url,
                token_secret=TOKEN_SECRET,
                administrators=administrators,
                pool_size=THREADS,
            )
        )
        with _background(app):
            yield app


@contextmanager
def _background(app: Flask) -> Iterator[None]:
    """Run the background threads of a worker process while the block lasts."""
    background: Background = app.extensions["background"]
    background.start()
    try:
        yield
    finally:
        background.stop()


@contextmanager
def running_monolith(run_dir: Path) -> Iterator[str]:
    """Run `python -m monolith` with its own embedded database while the block lasts. Yield its base URL."""
    environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "TOKEN_SECRET")}
    command = [sys.executable, "-m", "monolith", "--run-dir", str(run_dir), "--port", "18080"]
    environment["ADMINISTRATORS"] = ADMINISTRATOR
    process = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL)
    try:
        yield _url(run_dir / "monolith.json", process)
    finally:
        process.terminate()
        process.wait(STOP_S)


def _url(announced: Path, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if announced.exists():
            return str(json.loads(announced.read_text())["url"])
        assert process.poll() is None, "the monolith ended before it answered"
        time.sleep(0.05)
    raise AssertionError(f"the monolith did not answer within {START_S} s")
