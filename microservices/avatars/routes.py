"""Avatars over HTTP, in a function of their own. Twin: monolith/avatars/routes.py."""

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from microservices.avatars.store import S3Avatars
from microservices.clock import new_id, now
from microservices.edge import Response, current_user, header, raw_body, respond, respond_with_file
from shared_domain import avatars, users
from shared_domain.avatars import MAX_PICTURE_BYTES, Upload


def routes(store: S3Avatars) -> APIGatewayHttpRouter:
    router = APIGatewayHttpRouter()

    @router.put("/users/me/avatar")
    def upload_avatar() -> Response:
        """Accept a picture of the current user. Its thumbnail is made later."""
        username = current_user()
        sent = raw_body(max_bytes=MAX_PICTURE_BYTES)
        kind = avatars.require_picture_type(header("content-type"))
        picture = avatars.require_usable(sent, kind=kind)
        # network; eventual: S3 invokes the function that makes the thumbnail
        store.save_original(Upload(id=new_id(now()), username=username, picture=picture))
        return respond(None, 202)

    @router.get("/users/<username>/avatar")
    def read_avatar(username: str) -> Response:
        """Return a user's thumbnail."""
        username = users.require_valid_username(username)
        thumbnail = store.get(username)  # network
        return respond_with_file(thumbnail, "image/png")

    return router
