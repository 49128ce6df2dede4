"""Composition root of trending-http. The monolith wires all modules in monolith/app.py."""

import os

from microservices.aws import client
from microservices.edge import serve
from microservices.trending.routes import routes
from microservices.trending.store import DynamoTrends

lambda_handler = serve(routes(DynamoTrends(client("dynamodb"), os.environ["TABLE"])))
