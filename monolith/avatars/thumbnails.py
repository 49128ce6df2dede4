"""Thumbnails: a background job makes them of the pictures in the outbox. Twin: microservices/avatars/thumbnails.py."""

from monolith.avatars.store import AvatarsAndOutbox
from monolith.background import Job
from monolith.database import UnitOfWork
from monolith.outbox import Task
from shared_domain.avatars import Unusable, Upload, thumbnail

EVERY_SECONDS = 0.2  # as often as a worker looks for pictures
_KIND = "avatar"


def task_of(upload: Upload) -> Task:
    """Return an upload as something to be done."""
    return Task(id=upload.id, kind=_KIND, subject=upload.username, payload=upload.picture)


def making(unit_of_work: UnitOfWork[AvatarsAndOutbox]) -> Job:
    """Return the job that makes the thumbnails of all pictures that wait."""

    def make_all() -> None:
        while make_one():
            pass

    def make_one() -> bool:
        with unit_of_work() as work:
            chosen = work.outbox.choose(_KIND)
        if chosen is None:
            return False
        with unit_of_work() as work:  # transaction: thumbnail and task; the task is held, and free after a crash
            _make(work, chosen)
        return True

    return make_all


def _make(work: AvatarsAndOutbox, chosen: str) -> None:
    """Show the thumbnail of a picture, and remove the picture. One without use is parked in words alone."""
    task = work.outbox.hold(chosen)
    if task is None:
        return
    try:
        work.avatars.show(task.subject, thumbnail(task.payload), upload=task.id)
        work.outbox.done(task)
    except Unusable as error:
        work.outbox.park(task.id, str(error))
