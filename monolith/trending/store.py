"""Views in PostgreSQL. Twin: microservices/trending/store.py.

views   one row a window and post; the key begins with the window, so the last hour is one stretch of the index
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

_NEW = insert(VIEWS)
_ADD_VIEWS = _NEW.on_conflict_do_update(
    index_elements=["minute", "post_id"], set_={"views": VIEWS.c.views + _NEW.excluded.views}
)
_OLD = delete(VIEWS).where(VIEWS.c.minute < bindparam("before"))
_TOTAL = func.sum(VIEWS.c.views)
_MOST_VIEWED = (
    select(VIEWS.c.post_id, _TOTAL.label("views"))
    .where(VIEWS.c.minute.between(bindparam("first"), bindparam("last")))
    .group_by(VIEWS.c.post_id)
    .order_by(_TOTAL.desc(), VIEWS.c.post_id)
    .limit(bindparam("limit"))
)


class SqlTrends:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def most_viewed(self, span: Span, limit: int) -> list[Trend]:
        found = self._connection.execute(_MOST_VIEWED, {"first": span.first, "last": span.last, "limit": limit})
        return [Trend(**row._mapping) for row in found]

    def add(self, counts: Counts) -> None:
        """Add to the views of each window and post, in one round trip, and forget the windows that count no more.

        In the order of the key, so that two processes that add to the same rows wait for each other and never in a circle.
        """
        keys = sorted(counts)
        rows = [{"minute": minute, "post_id": post_id, "views": counts[minute, post_id]} for minute, post_id in keys]
        self._connection.execute(_ADD_VIEWS, rows)
        self._connection.execute(_OLD, {"before": keys[-1][0] - RETENTION})
