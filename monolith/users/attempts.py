"""Sign-in attempts in PostgreSQL. Twin: microservices/users/attempts.py.

sign_in_attempts   one row per username, network and window; a background task deletes expired rows
"""

from datetime import datetime

from sqlalchemy import Column, Connection, DateTime, Integer, Table, Text, bindparam, delete
from sqlalchemy.dialects.postgresql import insert

from monolith.background import PeriodicTask
from monolith.clock import now
from monolith.database import UnitOfWork, metadata
from shared_domain.attempts import MAX_ATTEMPTS, Attempt, too_many_attempts

EVERY_SECONDS = 60
ATTEMPTS = Table(
    "sign_in_attempts",
    metadata,
    Column("window_end", DateTime(timezone=True), primary_key=True),
    Column("username", Text(collation="C"), primary_key=True),
    Column("network", Text(collation="C"), primary_key=True),
    Column("attempts", Integer, nullable=False),
)
_COUNT_ATTEMPT = (
    insert(ATTEMPTS)
    .on_conflict_do_update(
        index_elements=["window_end", "username", "network"],
        set_={"attempts": ATTEMPTS.c.attempts + 1},
        where=ATTEMPTS.c.attempts < MAX_ATTEMPTS,
    )
    .returning(ATTEMPTS.c.attempts)
)
_DELETE_COUNTER = delete(ATTEMPTS).where(
    ATTEMPTS.c.window_end == bindparam("window_end"),
    ATTEMPTS.c.username == bindparam("username"),
    ATTEMPTS.c.network == bindparam("network"),
)
_DELETE_EXPIRED = delete(ATTEMPTS).where(ATTEMPTS.c.window_end <= bindparam("moment"))


class SqlAttempts:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def count(self, attempt: Attempt) -> None:
        counted = self._connection.execute(_COUNT_ATTEMPT, {**_key(attempt), "attempts": 1})
        if counted.one_or_none() is None:
            raise too_many_attempts(attempt)

    def clear(self, attempt: Attempt) -> None:
        self._connection.execute(_DELETE_COUNTER, _key(attempt))

    def delete_expired(self, moment: datetime) -> None:
        """Delete the counters whose window has ended."""
        self._connection.execute(_DELETE_EXPIRED, {"moment": moment})


def create_task(unit_of_work: UnitOfWork[SqlAttempts]) -> PeriodicTask:
    """Return the background task that deletes expired counters. On the services, DynamoDB does it."""

    def delete_expired() -> None:
        with unit_of_work() as attempts:
            attempts.delete_expired(now())

    return delete_expired


def _key(attempt: Attempt) -> dict[str, object]:
    return {"window_end": attempt.window_end, "username": attempt.username, "network": attempt.network}
