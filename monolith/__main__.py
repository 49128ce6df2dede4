"""`python -m monolith`: database up, schema up, server up, until it is told to stop."""

import argparse
import fcntl
import json
import logging
import os
import re
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from subprocess import CalledProcessError, SubprocessError
from types import FrameType

from sqlalchemy.exc import SQLAlchemyError

from monolith import embedded_postgres
from monolith.app import create_app
from monolith.database import migrate
from monolith.live import routes as live
from monolith.server import Server, listen
from monolith.settings import Settings, token_secret
from monolith.site.publication import kept_site
from shared_domain.feedback import administrators

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
# As PostgreSQL and its programs begin one.
_COMPLAINT = re.compile(r"\b(?:FATAL|PANIC|error|postgres): +\S.*|\bpg_ctl: could not access .*")


def main() -> None:
    asked = _arguments()
    run_dir: Path = asked.run_dir.resolve()
    log = run_dir / "monolith" / "server.log"
    for kind in _SIGNALS:
        signal.signal(kind, _stop)  # until gunicorn takes their place
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        logging.basicConfig(filename=log, level=logging.WARNING)
        with _only_one(log.parent):
            _serve(asked, run_dir=run_dir, log=log)
    except (OSError, RuntimeError, SubprocessError, SQLAlchemyError) as error:
        logging.error("monolith: did not start: %s", error)  # noqa: TRY400  the reason, of which stderr shows one line
        sys.exit(f"monolith: did not start: {_reason(error, log)} (log: {log})")


def _serve(asked: argparse.Namespace, *, run_dir: Path, log: Path) -> None:
    state = run_dir / "monolith.json"
    state.unlink(missing_ok=True)  # of a system that was killed
    listener = listen(asked.host, asked.port)
    url = f"http://{asked.host}:{listener.getsockname()[1]}"
    with _database(os.environ, data=run_dir / "monolith" / "postgres") as database_url:
        migrate(database_url)
        settings = _settings(asked, database_url, run_dir=run_dir, log=log)
        server = Server(
            create_app(settings),
            listener,
            workers=asked.workers,
            threads=settings.pool_size,
            listeners=settings.listeners,
            log=log,
            ready=lambda: _tell(state, url, threads=settings.pool_size),
        )
        try:
            server.run()
        finally:
            state.unlink(missing_ok=True)


def _settings(asked: argparse.Namespace, database_url: str, *, run_dir: Path, log: Path) -> Settings:
    return Settings(
        database_url=database_url,
        token_secret=token_secret(os.environ, run_dir),
        administrators=administrators(os.environ.get("ADMINISTRATORS", "")),
        pool_size=asked.threads,
        spans=log.with_name("spans.jsonl") if os.environ.get("EXPLAINED") else None,
        site=kept_site(run_dir / "monolith"),
    )


@contextmanager
def _database(environment: Mapping[str, str], *, data: Path) -> Iterator[str]:
    """Give the URL of the database: the one that is named, else an embedded one that ends with the block."""
    if url := environment.get("DATABASE_URL"):
        yield url
        return
    try:
        with _uninterrupted():
            postgres = embedded_postgres.start(data)
        yield postgres.get_uri()
    finally:
        embedded_postgres.end(data)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold back the end until the block is done: a PostgreSQL that is cut short while it starts would be left running."""
    came: list[int] = []
    for kind in _SIGNALS:
        signal.signal(kind, lambda number, frame: came.append(number))
    yield
    for kind in _SIGNALS:
        signal.signal(kind, _stop)
    if came:
        _stop(came[0], None)


def _stop(number: int, frame: FrameType | None) -> None:
    for kind in _SIGNALS:
        signal.signal(kind, signal.SIG_IGN)  # the end is under way and must not be cut short
    sys.exit(128 + number)


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Let one system at a time use the folder: a second one would end the database of the first."""
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the master's alone: its workers inherit no such lock
        except BlockingIOError:
            raise RuntimeError(f"a monolith is already running in {folder}") from None
        yield


def _reason(error: Exception, log: Path) -> str:
    """Return the reason in one line: of PostgreSQL's programs, which end with a status alone, the last one in the log."""
    complaints = _COMPLAINT.findall(log.read_text(errors="replace")) if isinstance(error, CalledProcessError) else []
    return complaints[-1] if complaints else str(error).splitlines()[0]


def _tell(state: Path, url: str, *, threads: int) -> None:
    """Say where the system answers, to people and, written whole or not at all, to programs."""
    draft = state.with_suffix(".draft")
    live_url = url.replace("http", "ws", 1) + live.PATH
    draft.write_text(json.dumps({"url": url, "live_url": live_url, "pid": os.getpid(), "threads": threads}))
    draft.replace(state)
    print(f"monolith: {url}", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m monolith", description="Serve the monolith until told to stop.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=int, default=8000, help="port; a taken one means the next free one (8000)")
    parser.add_argument("--run-dir", type=Path, default=Path(".run"), help="where data, secret and log are kept (.run)")
    parser.add_argument("--workers", type=int, default=2, help="processes (2)")
    parser.add_argument(
        "--threads", type=int, default=4, help="requests at a time, and connections, of each process (4)"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
