"""Avatars over HTTP, in one process and one transaction. Twin: microservices/avatars/routes.py."""

from flask import Blueprint, request

from monolith.avatars.store import AvatarsAndOutbox
from monolith.avatars.thumbnails import task_of
from monolith.clock import new_id, now
from monolith.database import UnitOfWork
from monolith.edge import Answer, Caller, answer, content, raw
from shared_domain import avatars, users
from shared_domain.avatars import LARGEST_PICTURE, Upload


def routes(unit_of_work: UnitOfWork[AvatarsAndOutbox], caller: Caller) -> Blueprint:
    room = Blueprint("avatars", __name__)

    @room.put("/users/me/avatar")
    def upload_avatar() -> Answer:
        """Take the caller's picture; its thumbnail is made later."""
        username = caller(request)
        kind = avatars.declared(request.headers.get("content-type"))
        picture = avatars.accepted(raw(request, most=LARGEST_PICTURE), kind=kind)
        with unit_of_work() as work:  # eventual, here too: a background job makes the thumbnail
            work.outbox.add(task_of(Upload(id=new_id(now()), username=username, picture=picture)))
        return answer(None, 202)

    @room.get("/users/<username>/avatar")
    def read_avatar(username: str) -> Answer:
        """Show somebody's thumbnail."""
        known = users.known_form(username)
        with unit_of_work() as work:
            thumbnail = work.avatars.get(known)
        return content(thumbnail, "image/png")

    return room
