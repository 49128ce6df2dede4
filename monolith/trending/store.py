"""Views in PostgreSQL. Twin: microservices/trending/store.py.

views   one row per window and post; the key begins with the window, so the last hour is one range of the index
"""

from sqlalchemy import Column, Connection, DateTime, Integer, Table, Text, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from monolith.database import metadata
from shared_domain.trending import WINDOW, WINDOWS, Counts, Span, Trend

VIEWS = Table(
    "views",
    metadata,
    Column("minute", DateTime(timezone=True), primary_key=True),
    Column("post_id", Text(collation="C"), primary_key=True),
    Column("views", Integer, nullable=False),
)
RETENTION = 2 * WINDOWS * WINDOW

_UPSERT_VIEWS = insert(VIEWS)
_UPSERT_VIEWS = _UPSERT_VIEWS.on_conflict_do_update(
    index_elements=["minute", "post_id"], set_={"views": VIEWS.c.views + _UPSERT_VIEWS.excluded.views}
)
_DELETE_OLD_VIEWS = delete(VIEWS).where(VIEWS.c.minute < bindparam("before"))
_SUM_OF_VIEWS = func.sum(VIEWS.c.views)
_SELECT_MOST_VIEWED = (
    select(VIEWS.c.post_id, _SUM_OF_VIEWS.label("views"))
    .where(VIEWS.c.minute.between(bindparam("first"), bindparam("last")))
    .group_by(VIEWS.c.post_id)
    .order_by(_SUM_OF_VIEWS.desc(), VIEWS.c.post_id)
    .limit(bindparam("limit"))
)


class SqlTrends:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def most_viewed(self, span: Span, limit: int) -> list[Trend]:
        rows = self._connection.execute(_SELECT_MOST_VIEWED, {"first": span.first, "last": span.last, "limit": limit})
        return [Trend(**row._mapping) for row in rows]

    def add(self, counts: Counts) -> None:
        """Add to the views of each window and post in one round trip, and delete windows that are too old.

        Rows are written in the order of the key, so that two processes never deadlock.
        """
        keys = sorted(counts)
        rows = [{"minute": minute, "post_id": post_id, "views": counts[minute, post_id]} for minute, post_id in keys]
        self._connection.execute(_UPSERT_VIEWS, rows)
        self._connection.execute(_DELETE_OLD_VIEWS, {"before": keys[-1][0] - RETENTION})
