"""Thumbnails: a background job makes them of the pictures in the job queue. Twin: microservices/avatars/thumbnails.py."""

from sqlalchemy import Connection

from monolith.avatars.store import SqlAvatars
from monolith.background import PeriodicTask
from monolith.database import UnitOfWork
from monolith.jobs import Job, SqlJobs
from shared_domain.avatars import UnusablePicture, Upload, thumbnail

EVERY_SECONDS = 0.2  # as often as a worker looks for pictures
_KIND = "avatar"


class Stores:
    """The stores of one transaction of this module."""

    def __init__(self, connection: Connection) -> None:
        self.avatars = SqlAvatars(connection)
        self.jobs = SqlJobs(connection)


def job_of(upload: Upload) -> Job:
    """Return an upload as something to be done."""
    return Job(id=upload.id, kind=_KIND, subject=upload.username, payload=upload.picture)


def making(unit_of_work: UnitOfWork[Stores]) -> PeriodicTask:
    """Return the job that makes the thumbnails of all pictures that wait."""

    def make_all() -> None:
        while make_one():
            pass

    def make_one() -> bool:
        with unit_of_work() as work:
            chosen = work.jobs.claim(_KIND)
        if chosen is None:
            return False
        with unit_of_work() as work:  # transaction: thumbnail and job; the job is held, and free after a crash
            _make(work, chosen)
        return True

    return make_all


def _make(work: Stores, chosen: str) -> None:
    """Show the thumbnail of a picture, and remove the picture. One without use is parked in words alone."""
    job = work.jobs.get_for_update(chosen)
    if job is None:
        return
    try:
        work.avatars.show(job.subject, thumbnail(job.payload), upload=job.id)
        work.jobs.remove(job)
    except UnusablePicture as error:
        work.jobs.park(job.id, str(error))
