"""Make thumbnails of the pictures in the job queue, in a background task. Twin: microservices/avatars/thumbnails.py."""

from sqlalchemy import Connection

from monolith.avatars.store import SqlAvatars
from monolith.background import PeriodicTask
from monolith.database import UnitOfWork
from monolith.jobs import Job, SqlJobs
from shared_domain.avatars import UnusablePicture, Upload, thumbnail

EVERY_SECONDS = 0.2
_KIND = "avatar"


class Stores:
    """The stores of one transaction of this module."""

    def __init__(self, connection: Connection) -> None:
        self.avatars = SqlAvatars(connection)
        self.jobs = SqlJobs(connection)


def to_job(upload: Upload) -> Job:
    """Return the job that makes the thumbnail of an upload."""
    return Job(id=upload.id, kind=_KIND, subject=upload.username, payload=upload.picture)


def create_task(unit_of_work: UnitOfWork[Stores]) -> PeriodicTask:
    """Return a periodic task that makes the thumbnails of all pictures in the queue."""

    def make_thumbnails() -> None:
        while make_next():
            pass

    def make_next() -> bool:
        with unit_of_work() as work:
            job_id = work.jobs.claim(_KIND)
        if job_id is None:
            return False
        with unit_of_work() as work:  # transaction: thumbnail and job; a crash releases the lock on the job
            _make_thumbnail(work, job_id)
        return True

    return make_thumbnails


def _make_thumbnail(work: Stores, job_id: str) -> None:
    """Store the thumbnail and remove the job with its picture. Park the job if the picture is unusable."""
    job = work.jobs.get_for_update(job_id)
    if job is None:
        return
    try:
        work.avatars.show(job.subject, thumbnail(job.payload), upload=job.id)
        work.jobs.remove(job)
    except UnusablePicture as error:
        work.jobs.park(job.id, str(error))
