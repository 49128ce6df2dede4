"""Composition root of posts-http. The monolith wires all modules in monolith/app.py."""

import os

from microservices.aws import client
from microservices.edge import serve
from microservices.posts.peers import VotesService
from microservices.posts.routes import routes
from microservices.posts.store import DynamoPosts
from microservices.posts.views import Views

_store = DynamoPosts(client("dynamodb"), os.environ["TABLE"])
views = Views(os.environ["VIEWS_STREAM"])

lambda_handler = serve(routes(_store, VotesService(os.environ["POST_EVENTS_FUNCTION"]), views))
