"""Composition root of feedback-http. The monolith wires all modules in monolith/app.py."""

import os

from microservices.aws import client
from microservices.edge import serve
from microservices.feedback.routes import routes
from microservices.feedback.store import DynamoFeedback
from shared_domain.feedback import parse_administrators

lambda_handler = serve(
    routes(
        DynamoFeedback(client("dynamodb"), os.environ["TABLE"]),
        administrators=parse_administrators(os.environ["ADMINISTRATORS"]),
    )
)
