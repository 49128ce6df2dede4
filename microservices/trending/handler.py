"""Composition root of trending-http. Its part of the monolith's: monolith/app.py."""

import os

from microservices.aws import client
from microservices.edge import serve
from microservices.trending.routes import routes
from microservices.trending.store import DynamoTrends

lambda_handler = serve(routes(DynamoTrends(client("dynamodb"), os.environ["TABLE"])))
