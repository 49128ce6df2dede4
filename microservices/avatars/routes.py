"""Avatars over HTTP, in a function of their own. Twin: monolith/avatars/routes.py."""

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from microservices.avatars.store import S3Avatars
from microservices.clock import new_id, now
from microservices.edge import Answer, answer, caller, content, raw
from shared_domain import avatars, users
from shared_domain.avatars import Upload


def routes(store: S3Avatars) -> APIGatewayHttpRouter:
    router = APIGatewayHttpRouter()

    @router.put("/users/me/avatar")
    def upload_avatar() -> Answer:
        """Take the caller's picture; its thumbnail is made later."""
        username = caller(router.current_event)
        kind = avatars.require_picture_type(router.current_event.headers.get("content-type"))
        picture = avatars.require_usable(raw(router.current_event), kind=kind)
        store.hand_in(Upload(id=new_id(now()), username=username, picture=picture))  # network
        #                                                       eventual: the object wakes who makes the thumbnail
        return answer(None, 202)

    @router.get("/users/<username>/avatar")
    def read_avatar(username: str) -> Answer:
        """Show somebody's thumbnail."""
        known = users.require_valid_username(username)
        thumbnail = store.get(known)  # network
        return content(thumbnail, "image/png")

    return router
