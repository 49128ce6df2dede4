"""Composition root of search-http. The monolith wires all modules in monolith/app.py."""

import os

from microservices.aws import client
from microservices.edge import serve
from microservices.search.routes import routes
from microservices.search.store import DynamoIndex

lambda_handler = serve(routes(DynamoIndex(client("dynamodb"), os.environ["TABLE"])))
