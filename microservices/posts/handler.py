"""Composition root of posts-http. The monolith wires all modules in monolith/app.py."""

import os
from typing import Any

from microservices.aws import client
from microservices.edge import serve
from microservices.posts.peers import VotesService
from microservices.posts.routes import routes
from microservices.posts.store import DynamoPosts
from microservices.posts.views import Views

_store = DynamoPosts(client("dynamodb"), os.environ["TABLE"])
_views = Views(os.environ["VIEWS_STREAM"])
_serve = serve(routes(_store, VotesService(os.environ["POST_EVENTS_FUNCTION"]), _views))


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer a request, and send the view that it recorded before Lambda freezes the process."""
    response = _serve(event, context)
    _views.flush()  # network
    return response
