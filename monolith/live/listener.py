"""News reaches the hub of this process, whichever process it was told by. The services' twin: microservices/live/broadcast.py."""

import time
from collections.abc import Callable

import psycopg
from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError

from monolith.live.store import CHANNEL, news_in
from shared_domain.live import News

EVERY_SECONDS = 0.0  # one turn follows the other
_TURN_SECONDS = 1.0
_AWAY = (OperationalError, InterfaceError, psycopg.Error)


def listening(engine: Engine, tell: Callable[[News], None]) -> Callable[[], None]:
    """Return a job that hands on for a second what PostgreSQL tells, on a connection that it keeps.

    It raises where the database is away, after a second; then the next turn connects anew. What was told meanwhile, nobody hears.
    """
    kept: list[psycopg.Connection[object]] = []

    def turn() -> None:
        try:
            connection = kept[0] if kept else _connected(engine)
            kept[:] = [connection]
            for notice in connection.notifies(timeout=_TURN_SECONDS):
                tell(news_in(notice.payload))
        except _AWAY:
            kept.clear()
            time.sleep(_TURN_SECONDS)
            raise

    return turn


def _connected(engine: Engine) -> psycopg.Connection[object]:
    pooled = engine.raw_connection()
    connection: psycopg.Connection[object] = pooled.driver_connection  # type: ignore[assignment]
    pooled.detach()  # it is this job's alone
    connection.autocommit = True
    connection.execute(f"LISTEN {CHANNEL}")
    return connection
