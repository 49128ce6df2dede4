"""Avatars over HTTP, in one process and one transaction. Twin: microservices/avatars/routes.py."""

from flask import Blueprint

from monolith.avatars.thumbnails import Stores, to_job
from monolith.clock import new_id, now
from monolith.database import UnitOfWork
from monolith.edge import Response, current_user, header, raw_body, respond, respond_with_file
from shared_domain import avatars, users
from shared_domain.avatars import MAX_PICTURE_BYTES, Upload


def routes(unit_of_work: UnitOfWork[Stores]) -> Blueprint:
    blueprint = Blueprint("avatars", __name__)

    @blueprint.put("/users/me/avatar")
    def upload_avatar() -> Response:
        """Accept a picture of the current user. Its thumbnail is made later."""
        username = current_user()
        sent = raw_body(max_bytes=MAX_PICTURE_BYTES)
        kind = avatars.require_picture_type(header("content-type"))
        picture = avatars.require_usable(sent, kind=kind)
        with unit_of_work() as work:  # eventual on this side too: a background task makes the thumbnail
            work.jobs.add(to_job(Upload(id=new_id(now()), username=username, picture=picture)))
        return respond(None, 202)

    @blueprint.get("/users/<username>/avatar")
    def read_avatar(username: str) -> Response:
        """Return a user's thumbnail."""
        username = users.require_valid_username(username)
        with unit_of_work() as work:
            thumbnail = work.avatars.get(username)
        return respond_with_file(thumbnail, "image/png")

    return blueprint
