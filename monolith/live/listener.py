"""Pass PostgreSQL notifications on to the hub of this process. Twin: microservices/live/broadcast.py."""

import time
from collections.abc import Callable

import psycopg
from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError

from monolith.live.store import CHANNEL, parse_payload
from shared_domain.live import LiveMessage

EVERY_SECONDS = 0.0  # one turn follows the other
_TURN_SECONDS = 1.0
_AWAY = (OperationalError, InterfaceError, psycopg.Error)


def listening(engine: Engine, publish: Callable[[LiveMessage], None]) -> Callable[[], None]:
    """Return a periodic task that publishes PostgreSQL's notifications for one second, on a connection that it keeps open.

    It raises after a second if the database is unavailable; the next run connects again. Messages sent in between are lost.
    """
    kept: list[psycopg.Connection[object]] = []

    def turn() -> None:
        try:
            connection = kept[0] if kept else _connected(engine)
            kept[:] = [connection]
            for notice in connection.notifies(timeout=_TURN_SECONDS):
                publish(parse_payload(notice.payload))
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
