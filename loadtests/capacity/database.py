"""Looks at the connections of the monolith's database while it is loaded."""

from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from loadtests.capacity.usage import Look
from monolith.database import connect

ACTIVITY = text(
    "SELECT count(*) FILTER (WHERE state <> 'idle'), count(*) FILTER (WHERE wait_event_type = 'Lock') FROM pg_stat_activity "
    "WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
)


class Connections:
    """Those that others hold to one database, seen over one connection of our own: a look takes a millisecond."""

    def __init__(self, database_url: str) -> None:
        self._engine = connect(database_url, pool_size=1)

    def look(self) -> Look | None:
        """Return how many are busy and how many of these wait for a lock; nothing of a database that is away."""
        try:
            with self._engine.connect() as connection:
                busy, waiting = connection.execute(ACTIVITY).one()
        except OperationalError:
            return None
        return Look(busy, waiting)

    def close(self) -> None:
        """Give the connection back."""
        self._engine.dispose()
