"""Composition root of posts-http. Its part of the monolith's: monolith/app.py."""

import os

from microservices.aws import client
from microservices.edge import serve
from microservices.posts.peers import Ballots
from microservices.posts.routes import routes
from microservices.posts.store import DynamoPosts

lambda_handler = serve(
    routes(DynamoPosts(client("dynamodb"), os.environ["TABLE"]), Ballots(os.environ["BALLOTS_FUNCTION"]))
)
