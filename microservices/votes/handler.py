"""Composition root of votes-http. The monolith wires all modules in monolith/app.py."""

import os

from microservices.aws import client
from microservices.edge import serve
from microservices.votes.leaderboard_object import LeaderboardObject
from microservices.votes.peers import PostsService
from microservices.votes.routes import routes
from microservices.votes.store import DynamoVotes

_store = DynamoVotes(client("dynamodb"), os.environ["TABLE"])

lambda_handler = serve(
    routes(_store, PostsService(_store, api_base=os.environ["API_BASE"]), LeaderboardObject(os.environ["SITE_BUCKET"]))
)
