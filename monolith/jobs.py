"""What is to be done after the answer: tasks that a background job takes one by one. The other side has queues and buckets for it.

jobs   one row a job; its id sorts it by creation. One with a reason is parked: its payload is gone, nobody takes it again

A try is counted before it begins, in a transaction of its own: a job that ends its process is given up like any other.
"""

from dataclasses import dataclass

from sqlalchemy import Column, Connection, Integer, LargeBinary, Table, Text, delete, insert, select, update

from monolith.database import metadata

JOBS = Table(
    "jobs",
    metadata,
    Column("id", Text(collation="C"), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("reason", Text),
)
MAX_ATTEMPTS = 5
_SELECT_WAITING = select(JOBS).where(JOBS.c.reason.is_(None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Something to be done, with all that is needed for it."""

    id: str
    kind: str
    subject: str  # whom or what it is about
    payload: bytes


class SqlJobs:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, job: Job) -> None:
        """Have something done, if this transaction is."""
        fields = {"id": job.id, "kind": job.kind, "subject": job.subject, "payload": job.payload}
        self._connection.execute(insert(JOBS), fields)

    def claim(self, kind: str) -> str | None:
        """Count a try of a job that nobody is at, and return its id: the least tried, then the oldest. None if there is none.

        One that was tried too often is parked instead.
        """
        first = _SELECT_WAITING.where(JOBS.c.kind == kind).order_by(JOBS.c.attempts, JOBS.c.id).limit(1)
        while row := self._connection.execute(first.with_for_update(skip_locked=True)).one_or_none():
            if row.attempts < MAX_ATTEMPTS:
                self._connection.execute(update(JOBS).where(JOBS.c.id == row.id).values(attempts=JOBS.c.attempts + 1))
                return str(row.id)
            self.park(row.id, f"failed {MAX_ATTEMPTS} times")
        return None

    def get_for_update(self, job_id: str) -> Job | None:
        """Return the job, nobody else's until this transaction ends; None if it is done or parked.

        Who is choosing it this moment is waited for: a job that was skipped for that would have lost a try.
        """
        wanted = _SELECT_WAITING.where(JOBS.c.id == job_id).with_for_update()
        row = self._connection.execute(wanted).one_or_none()
        if row is None:
            return None
        return Job(id=row.id, kind=row.kind, subject=row.subject, payload=row.payload)

    def remove(self, job: Job) -> None:
        self._connection.execute(delete(JOBS).where(JOBS.c.id == job.id))

    def park(self, job_id: str, reason: str) -> None:
        """Keep of a job that cannot be done only what it was about, and why."""
        parked = update(JOBS).where(JOBS.c.id == job_id).values(payload=b"", reason=reason)
        self._connection.execute(parked)
