"""`python -m monolith`: start the database, upgrade the schema and serve until SIGTERM or Ctrl-C. SIGHUP reloads the code."""

import argparse
import fcntl
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from subprocess import SubprocessError
from types import FrameType
from typing import NoReturn

from sqlalchemy.exc import SQLAlchemyError

from monolith import embedded_postgres, logs
from monolith.app import create_app
from monolith.database import migrate
from monolith.live import routes as live
from monolith.release import load_release
from monolith.server import Server, listen
from monolith.settings import Settings, ignore_server_variables, site_folder, token_secret, trusted_proxies
from monolith.site.publication import prepare_site
from shared_domain.feedback import parse_administrators

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def main() -> None:
    arguments = _parse_arguments()
    run_dir: Path = arguments.run_dir.resolve()
    log = _log_file(arguments.log, run_dir)
    for number in _SIGNALS:
        signal.signal(number, _stop)  # until gunicorn installs its own handlers
    ignore_server_variables(os.environ)
    try:
        folder = run_dir / "monolith"
        folder.mkdir(parents=True, exist_ok=True)
        logs.configure(log, level=logging.WARNING)
        with _lock_folder(folder):
            _serve(arguments, run_dir=run_dir, log=log)
    except (OSError, RuntimeError, SubprocessError, SQLAlchemyError) as error:
        logging.error("monolith: did not start: %s", error)  # noqa: TRY400  one line on stderr, without a traceback
        line = f"monolith: did not start: {str(error).splitlines()[0]}" + (f" (log: {log})" if log else "")
        sys.exit(" ".join(line.splitlines()))  # a path may contain line breaks


def _log_file(option: str, run_dir: Path) -> Path | None:
    """Return the file of the option, by default that of the run directory, or None for standard error."""
    return None if option == "-" else Path(option) if option else run_dir / "monolith" / "server.log"


def _serve(arguments: argparse.Namespace, *, run_dir: Path, log: Path | None) -> None:
    state = run_dir / "monolith.json"
    state.unlink(missing_ok=True)  # a killed process may have left it
    listener = listen(arguments.host, arguments.port)
    url = f"http://{arguments.host}:{listener.getsockname()[1]}"
    with _run_database(os.environ, data=run_dir / "monolith" / "postgres") as database_url:
        migrate(database_url)
        settings = _load_settings(arguments, database_url, run_dir)
        server = Server(
            create_app(settings),
            listener,
            workers=arguments.workers,
            threads=settings.pool_size,
            log=log,
            ready=lambda: _announce(state, url, threads=settings.pool_size),
            load_release=lambda: load_release(settings),
        )
        try:
            server.run()
        finally:
            state.unlink(missing_ok=True)


def _load_settings(arguments: argparse.Namespace, database_url: str, run_dir: Path) -> Settings:
    return Settings(
        database_url=database_url,
        token_secret=token_secret(os.environ, run_dir),
        administrators=parse_administrators(os.environ.get("ADMINISTRATORS", "")),
        pool_size=arguments.threads,
        trusted_proxies=trusted_proxies(os.environ),
        site=prepare_site(site_folder(os.environ, run_dir)),
    )


@contextmanager
def _run_database(environment: Mapping[str, str], *, data: Path) -> Iterator[str]:
    """Yield the database's URL: DATABASE_URL, or that of an embedded PostgreSQL that stops at the end of the block."""
    if url := environment.get("DATABASE_URL"):
        yield url
        return
    with embedded_postgres.running(data) as url:
        yield url


def _stop(number: int, frame: FrameType | None) -> None:
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_IGN)  # nothing may interrupt the shutdown
    sys.exit(128 + number)


@contextmanager
def _lock_folder(folder: Path) -> Iterator[None]:
    """Hold a lock on the folder while the block runs. A second process would stop the database of the first one."""
    with (folder / "lock").open("wb") as lock:
        try:
            fcntl.lockf(
                lock, fcntl.LOCK_EX | fcntl.LOCK_NB
            )  # held by the master process only: a forked worker does not inherit it
        except BlockingIOError:
            raise RuntimeError(f"a monolith is already running in {folder}") from None
        yield


def _announce(state: Path, url: str, *, threads: int) -> None:
    """Print the URL, and write it to the state file. The file is replaced atomically, because programs read it."""
    draft = state.with_suffix(".draft")
    live_url = url.replace("http", "ws", 1) + live.PATH
    draft.write_text(
        json.dumps({"url": url, "live_url": live_url, "pid": os.getpid(), "threads": threads}), encoding="utf-8"
    )
    draft.replace(state)
    print(f"monolith: {url}", flush=True)


def _parse_arguments() -> argparse.Namespace:
    parser = _Parser(prog="python -m monolith", description="Serve the monolith until SIGTERM or Ctrl-C.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument(
        "--port", type=_whole_number(0, 65_535), default=8000, help="port; the next free one if it is in use (8000)"
    )
    parser.add_argument("--run-dir", type=Path, default=Path(".run"), help="folder for data, secret and log (.run)")
    parser.add_argument(
        "--log", default="", metavar="FILE", help="log file, or - for standard error (in the run directory)"
    )
    parser.add_argument("--workers", type=_whole_number(1, 64), default=2, help="worker processes (2)")
    parser.add_argument(
        "--threads",
        type=_whole_number(1, 64),
        default=4,
        help="concurrent requests and database connections of each process (4)",
    )
    return parser.parse_args()


class _Parser(argparse.ArgumentParser):
    """An argument parser whose usage errors are one line with exit status 3, as in the load tests."""

    def error(self, message: str) -> NoReturn:
        self.exit(3, f"{self.prog}: {' '.join(message.split())[:600]}\n")


def _whole_number(low: int, high: int) -> Callable[[str], int]:
    """Return an argparse type: a whole number from `low` to `high`."""

    def parse(word: str) -> int:
        number = int(word) if word.isdecimal() and len(word) < 10 else -1
        if not low <= number <= high:
            raise argparse.ArgumentTypeError(f"{word[:40]} is not a whole number from {low} to {high}")
        return number

    return parse


if __name__ == "__main__":
    main()
