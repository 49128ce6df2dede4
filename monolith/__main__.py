"""`python -m monolith`: database up, schema up, server up, until it is told to stop."""

import argparse
import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from subprocess import SubprocessError

from sqlalchemy.exc import SQLAlchemyError

from monolith.app import create_app
from monolith.database import embedded, migrate
from monolith.server import Server, listen
from monolith.settings import Settings, token_secret


def main() -> None:
    asked = _arguments()
    run_dir: Path = asked.run_dir.resolve()
    log = run_dir / "monolith" / "server.log"
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # until gunicorn takes its place
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        _serve(asked, run_dir=run_dir, log=log)
    except (OSError, RuntimeError, SubprocessError, SQLAlchemyError) as error:
        sys.exit(f"monolith: did not start: {str(error).splitlines()[0]} (log: {log})")


def _serve(asked: argparse.Namespace, *, run_dir: Path, log: Path) -> None:
    listener = listen(asked.host, asked.port)
    url = f"http://{asked.host}:{listener.getsockname()[1]}"
    state = run_dir / "monolith.json"
    with _database(os.environ, data=run_dir / "monolith" / "postgres") as database_url:
        migrate(database_url)
        secret = token_secret(os.environ, run_dir)
        app = create_app(Settings(database_url=database_url, token_secret=secret, pool_size=asked.threads))
        server = Server(
            app, listener, workers=asked.workers, threads=asked.threads, log=log, ready=lambda: _tell(state, url)
        )
        try:
            server.run()
        finally:
            state.unlink(missing_ok=True)


@contextmanager
def _database(environment: Mapping[str, str], *, data: Path) -> Iterator[str]:
    """Give the URL of the database: the one that is named, else an embedded one that ends with the block."""
    if url := environment.get("DATABASE_URL"):
        yield url
        return
    postgres = embedded(data)
    try:
        yield postgres.get_uri()
    finally:
        postgres.stop()


def _tell(state: Path, url: str) -> None:
    """Say where the system answers, to people and, written whole or not at all, to programs."""
    draft = state.with_suffix(".draft")
    draft.write_text(json.dumps({"url": url, "pid": os.getpid()}))
    draft.replace(state)
    print(f"monolith: {url}", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m monolith", description="Serve the monolith until told to stop.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=int, default=8000, help="port; a taken one means the next free one (8000)")
    parser.add_argument("--run-dir", type=Path, default=Path(".run"), help="where data, secret and log are kept (.run)")
    parser.add_argument("--workers", type=int, default=2, help="processes (2)")
    parser.add_argument("--threads", type=int, default=4, help="threads, and connections, of each process (4)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
