"""The database: engine, transactions and migrations. Twin: microservices/dynamo.py."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from alembic import command
from alembic.config import Config
from psycopg.abc import PQGen
from psycopg.pq import Conninfo, TransactionStatus
from sqlalchemy import URL, Connection, Dialect, Engine, MetaData, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shared_domain.errors import Unavailable

metadata = MetaData()

Work = TypeVar("Work")
UnitOfWork = Callable[[], AbstractContextManager[Work]]

_CONNECT_SECONDS = 3
_POOL_WAIT_SECONDS = 5
_STATEMENT_SECONDS = 4.0
_MIGRATION_SECONDS = 300.0  # a statement may change a large table, or wait for another migration
_SOCKET_FOLDER_BYTES = 92  # a socket's path has at most 107 bytes, and 15 of them are its name
_SILENCE_SECONDS = 1.0  # a database that cancels a statement later than this hangs

Result = TypeVar("Result")


class _LimitedConnection(psycopg.Connection[Any]):
    """A connection with a time limit for each answer of the database: one that hangs does not enforce its own limit."""

    answer_seconds = 0.0

    def wait(self, gen: PQGen[Result], interval: float = 0.1, timeout: float | None = None) -> Result:
        try:
            return super().wait(gen, interval, self.answer_seconds if timeout is None else timeout)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.pgconn.finish()  # the answer may still come, and would be taken for that of another statement
            raise


def connect(database_url: str, *, pool_size: int, statement_seconds: float = _STATEMENT_SECONDS) -> Engine:
    """Return an engine with timeouts for the pool, the connection and each statement. The first use connects."""
    url = _parse_url(database_url)
    folder = _socket_folder(url)
    engine = create_engine(
        url.difference_update_query(["host"]) if folder else url,  # SQLAlchemy splits a path with a comma or a colon
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=_POOL_WAIT_SECONDS,
        connect_args={
            "connect_timeout": _CONNECT_SECONDS,
            "client_encoding": "utf8",
            "options": f"{_user_options(url)} -c statement_timeout={statement_seconds * 1000:.0f}",
            **folder,
        },
    )

    @event.listens_for(engine, "do_connect")
    def open_connection(dialect: Dialect, record: object, arguments: list[Any], options: dict[str, Any]) -> object:
        connection = _LimitedConnection.connect(*arguments, **options)
        connection.answer_seconds = statement_seconds + _SILENCE_SECONDS
        return connection

    event.listen(engine, "connect", _set_formats)
    return engine


def _user_options(url: URL) -> str:
    """Return the options of the URL, or libpq's default: PGOPTIONS. Ours would replace them."""
    defaults = {option.keyword: option.val or b"" for option in Conninfo.get_defaults()}
    return str(url.query.get("options", defaults[b"options"].decode()))


def _socket_folder(url: URL) -> dict[str, str]:
    """Return the folder of the server's socket as a connection argument, if the URL names one."""
    host = url.query.get("host")
    return {"host": _short_path(host)} if isinstance(host, str) and host.startswith("/") else {}


def _short_path(folder: str) -> str:
    """Return a path of the folder that is short enough for a socket and has no comma: libpq splits hosts at commas.

    The descriptor of such a path stays open. It is valid in this process and its forks.
    """
    path = folder.encode()
    if len(path) <= _SOCKET_FOLDER_BYTES and b"," not in path:
        return folder
    return f"/proc/self/fd/{os.open(path, os.O_PATH)}"


def _set_formats(connection: psycopg.Connection[Any], _: object) -> None:
    """Set the formats that the stores rely on. As connection options, the user's PGTZ and PGDATESTYLE would override them."""
    connection.autocommit = True
    connection.execute("SET timezone TO 'UTC'; SET datestyle TO 'ISO'")
    connection.autocommit = False


def _parse_url(database_url: str) -> URL:
    """Return the URL with the installed driver. Raise ArgumentError; its message never repeats a part of the password."""
    try:
        url = make_url(database_url)
    except (ArgumentError, ValueError):
        raise ArgumentError("DATABASE_URL is not a URL") from None
    if url.get_backend_name() not in ("postgres", "postgresql"):
        raise ArgumentError("DATABASE_URL is not a PostgreSQL URL")
    if "@" in (url.host or ""):
        raise ArgumentError("DATABASE_URL has more than one @: write an @ in the password as %40")
    return url.set(drivername="postgresql+psycopg")


def unit_of_work(engine: Engine, stores: Callable[[Connection], Work]) -> UnitOfWork[Work]:
    """Return a context manager for a transaction: it commits at the end of the block and rolls back on an exception.

    `stores` creates the block's stores on the transaction's connection. Raise Unavailable if the database is unavailable.
    """

    @contextmanager
    def begin() -> Iterator[Work]:
        try:
            with engine.begin() as connection:
                yield stores(connection)
        except (OperationalError, InterfaceError, PoolTimeout) as error:
            raise Unavailable("the data store is unavailable") from error

    return begin


def migrate(database_url: str) -> None:
    """Upgrade the schema from any version to the newest one. The migrations are part of this package."""
    config = Config()
    migrations = str(Path(__file__).parent / "migrations")
    config.set_main_option("script_location", migrations.replace("%", "%%"))  # ini syntax
    config.attributes["engine"] = connect(database_url, pool_size=1, statement_seconds=_MIGRATION_SECONDS)
    command.upgrade(config, "head")
