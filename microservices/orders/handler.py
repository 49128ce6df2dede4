"""Composition root of orders-http. Its part of the monolith's: monolith/app.py."""

import os

from microservices.aws import client
from microservices.edge import serve
from microservices.orders.routes import routes
from microservices.orders.store import DynamoOrders

lambda_handler = serve(routes(DynamoOrders(client("dynamodb"), os.environ["TABLE"])))
