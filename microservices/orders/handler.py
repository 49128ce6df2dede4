"""Composition root of orders-http. The monolith wires all modules in monolith/app.py."""

import os

from microservices.aws import client
from microservices.edge import serve
from microservices.orders.routes import routes
from microservices.orders.store import DynamoOrders

lambda_handler = serve(routes(DynamoOrders(client("dynamodb"), os.environ["TABLE"])))
