"""Composition root of users-http. The monolith wires all modules in monolith/app.py."""

import os

from microservices.aws import client
from microservices.edge import serve
from microservices.token_secret import token_secret
from microservices.users.routes import routes
from microservices.users.store import DynamoUsers
from shared_domain.passwords import SALT_BYTES

lambda_handler = serve(
    routes(
        DynamoUsers(client("dynamodb"), os.environ["TABLE"]),
        secret=token_secret(os.environ["TOKEN_SECRET_ARN"]),
        salt=lambda: os.urandom(SALT_BYTES),
    )
)
