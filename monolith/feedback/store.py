"""Feedback in PostgreSQL. Twin: microservices/feedback/store.py.

feedback   one row per message; its id sorts it by creation
"""

from sqlalchemy import Column, Connection, DateTime, Table, Text, bindparam, insert, select

from monolith.database import metadata
from shared_domain.feedback import Feedback

FEEDBACK = Table(
    "feedback",
    metadata,
    Column("id", Text(collation="C"), primary_key=True),
    Column("message", Text, nullable=False),
    Column("contact", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
)
_FIELDS = [column.name for column in FEEDBACK.c]
_INSERT_FEEDBACK = insert(FEEDBACK)
_SELECT_FEEDBACK = select(FEEDBACK).order_by(FEEDBACK.c.id.desc()).limit(bindparam("limit"))


class SqlFeedback:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, feedback: Feedback) -> None:
        self._connection.execute(_INSERT_FEEDBACK, {name: getattr(feedback, name) for name in _FIELDS})

    def page(self, *, before: str | None, limit: int) -> list[Feedback]:
        statement = _SELECT_FEEDBACK if before is None else _SELECT_FEEDBACK.where(FEEDBACK.c.id < before)
        return [Feedback(**row._mapping) for row in self._connection.execute(statement, {"limit": limit})]
