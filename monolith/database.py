"""The one database: its engine, its schema, its transactions. Twin: microservices/dynamo.py."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TypeVar

from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Connection, Engine, MetaData, create_engine, make_url
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shared_domain.errors import Unavailable

metadata = MetaData()

Work = TypeVar("Work")
UnitOfWork = Callable[[], AbstractContextManager[Work]]

_CONNECT_SECONDS = 3
_POOL_WAIT_SECONDS = 5
_STATEMENT_MILLISECONDS = 10_000


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
            raise Unavailable("the database is unavailable") from error

    return begin


def migrate(database_url: str) -> None:
    """Bring the schema to the newest version, whatever version the database has. Needs no file beside the package."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["engine"] = connect(database_url, pool_size=1)
    command.upgrade(config, "head")
