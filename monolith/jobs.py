"""A job queue in a table: work that a background task does after the response. The services use queues and buckets.

jobs   one row per job; its id sorts it by creation. A row with a reason is parked: its payload is deleted and it never runs again

An attempt is counted in a transaction of its own before it begins, so a job that crashes its process is also given up.
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
_INSERT_JOB = insert(JOBS)
_SELECT_JOBS = select(JOBS).where(JOBS.c.reason.is_(None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Work to do later, with the data that it needs."""

    id: str
    kind: str
    subject: str  # e.g. the username
    payload: bytes


class SqlJobs:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, job: Job) -> None:
        """Insert a job. It runs only if this transaction commits."""
        fields = {"id": job.id, "kind": job.kind, "subject": job.subject, "payload": job.payload}
        self._connection.execute(_INSERT_JOB, fields)

    def claim(self, kind: str) -> str | None:
        """Claim the next unlocked job: count the attempt and return the id. Return None if there is no job.

        Jobs with fewer attempts come first, then older ones. A job that has used all attempts is parked instead.
        """
        next_job = _SELECT_JOBS.where(JOBS.c.kind == kind).order_by(JOBS.c.attempts, JOBS.c.id).limit(1)
        while row := self._connection.execute(next_job.with_for_update(skip_locked=True)).one_or_none():
            if row.attempts < MAX_ATTEMPTS:
                self._connection.execute(update(JOBS).where(JOBS.c.id == row.id).values(attempts=JOBS.c.attempts + 1))
                return str(row.id)
            self.park(row.id, f"failed {MAX_ATTEMPTS} times")
        return None

    def get_for_update(self, job_id: str) -> Job | None:
        """Return the job and lock it until the transaction ends. Return None if it is done or parked.

        This waits for a lock and does not skip it: a skipped job would have lost the attempt that `claim` counted.
        """
        statement = _SELECT_JOBS.where(JOBS.c.id == job_id).with_for_update()
        row = self._connection.execute(statement).one_or_none()
        if row is None:
            return None
        return Job(id=row.id, kind=row.kind, subject=row.subject, payload=row.payload)

    def remove(self, job: Job) -> None:
        """Delete a job that is done."""
        self._connection.execute(delete(JOBS).where(JOBS.c.id == job.id))

    def park(self, job_id: str, reason: str) -> None:
        """Park a job that cannot be done: keep its kind, subject and reason, and delete its payload."""
        statement = update(JOBS).where(JOBS.c.id == job_id).values(payload=b"", reason=reason)
        self._connection.execute(statement)
