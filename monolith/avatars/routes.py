"""Avatars over HTTP, in one process and one transaction. Twin: microservices/avatars/routes.py."""

from flask import Blueprint, request

from monolith.avatars.store import AvatarsAndJobs
from monolith.avatars.thumbnails import job_of
from monolith.clock import new_id, now
from monolith.database import UnitOfWork
from monolith.edge import Answer, Caller, answer, content, raw
from shared_domain import avatars, users
from shared_domain.avatars import MAX_PICTURE_BYTES, Upload


def routes(unit_of_work: UnitOfWork[AvatarsAndJobs], caller: Caller) -> Blueprint:
    blueprint = Blueprint("avatars", __name__)

    @blueprint.put("/users/me/avatar")
    def upload_avatar() -> Answer:
        """Take the caller's picture; its thumbnail is made later."""
        username = caller(request)
        kind = avatars.require_picture_type(request.headers.get("content-type"))
        picture = avatars.require_usable(raw(request, most=MAX_PICTURE_BYTES), kind=kind)
        with unit_of_work() as work:  # eventual, here too: a background job makes the thumbnail
            work.jobs.add(job_of(Upload(id=new_id(now()), username=username, picture=picture)))
        return answer(None, 202)

    @blueprint.get("/users/<username>/avatar")
    def read_avatar(username: str) -> Answer:
        """Show somebody's thumbnail."""
        known = users.require_valid_username(username)
        with unit_of_work() as work:
            thumbnail = work.avatars.get(known)
        return content(thumbnail, "image/png")

    return blueprint
