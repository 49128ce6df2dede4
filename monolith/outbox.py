"""What is to be done after the answer: tasks that a background job takes one by one. The other side has queues and buckets for it.

outbox   one row a task; its id sorts it by creation. One with a reason is parked: its payload is gone, nobody takes it again

A try is counted before it begins, in a transaction of its own: a task that ends its process is given up like any other.
"""

from dataclasses import dataclass

from sqlalchemy import Column, Connection, Integer, LargeBinary, Table, Text, delete, insert, select, update

from monolith.database import metadata

OUTBOX = Table(
    "outbox",
    metadata,
    Column("id", Text(collation="C"), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("reason", Text),
)
MOST_TRIES = 5
_WAITING = select(OUTBOX).where(OUTBOX.c.reason.is_(None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Something to be done, with all that is needed for it."""

    id: str
    kind: str
    subject: str  # whom or what it is about
    payload: bytes


class SqlOutbox:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, task: Task) -> None:
        """Have something done, if this transaction is."""
        fields = {"id": task.id, "kind": task.kind, "subject": task.subject, "payload": task.payload}
        self._connection.execute(insert(OUTBOX), fields)

    def choose(self, kind: str) -> str | None:
        """Count a try of a task that nobody is at, and return its id: the least tried, then the oldest. None if there is none.

        One that was tried too often is parked instead.
        """
        first = _WAITING.where(OUTBOX.c.kind == kind).order_by(OUTBOX.c.tries, OUTBOX.c.id).limit(1)
        while row := self._connection.execute(first.with_for_update(skip_locked=True)).one_or_none():
            if row.tries < MOST_TRIES:
                self._connection.execute(update(OUTBOX).where(OUTBOX.c.id == row.id).values(tries=OUTBOX.c.tries + 1))
                return str(row.id)
            self.park(row.id, f"failed {MOST_TRIES} times")
        return None

    def hold(self, task_id: str) -> Task | None:
        """Return the task, nobody else's until this transaction ends; None if it is done or parked.

        Who is choosing it this moment is waited for: a task that was skipped for that would have lost a try.
        """
        wanted = _WAITING.where(OUTBOX.c.id == task_id).with_for_update()
        row = self._connection.execute(wanted).one_or_none()
        if row is None:
            return None
        return Task(id=row.id, kind=row.kind, subject=row.subject, payload=row.payload)

    def done(self, task: Task) -> None:
        self._connection.execute(delete(OUTBOX).where(OUTBOX.c.id == task.id))

    def park(self, task_id: str, reason: str) -> None:
        """Keep of a task that cannot be done only what it was about, and why."""
        parked = update(OUTBOX).where(OUTBOX.c.id == task_id).values(payload=b"", reason=reason)
        self._connection.execute(parked)
