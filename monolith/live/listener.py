"""Pass PostgreSQL notifications on to the hub of this process. Twin: microservices/live/broadcast.py."""

import time
from collections.abc import Callable

import psycopg
from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError

from monolith.live.store import CHANNEL, parse_payload
from shared_domain.live import LiveMessage

EVERY_SECONDS = 0.0  # the task itself waits for notifications
_RUN_SECONDS = 0.2  # a shutdown waits for the current run and the last one
_RETRY_SECONDS = 1.0
_DATABASE_ERRORS = (OperationalError, InterfaceError, psycopg.Error)


def create_task(engine: Engine, publish: Callable[[LiveMessage], None]) -> Callable[[], None]:
    """Return a periodic task that publishes the notifications of a moment, on a connection that it keeps open.

    It raises after a second if the database is unavailable; the next run connects again. Messages sent in between are lost.
    """
    connections: list[psycopg.Connection[object]] = []

    def listen() -> None:
        try:
            if not connections:
                connections.append(_connect(engine))
            for notification in connections[0].notifies(timeout=_RUN_SECONDS):
                publish(parse_payload(notification.payload))
        except _DATABASE_ERRORS:
            connections.clear()
            time.sleep(_RETRY_SECONDS)
            raise

    return listen


def _connect(engine: Engine) -> psycopg.Connection[object]:
    pooled = engine.raw_connection()
    connection: psycopg.Connection[object] = pooled.driver_connection  # type: ignore[assignment]
    pooled.detach()  # the task never returns it to the pool
    connection.autocommit = True
    connection.execute(f"LISTEN {CHANNEL}")
    return connection
