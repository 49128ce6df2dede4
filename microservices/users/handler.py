"""Composition root of users-http. The monolith wires all modules in monolith/app.py."""

import os

from microservices.aws import client
from microservices.edge import serve
from microservices.token_secret import token_secret
from microservices.users.attempts import DynamoAttempts
from microservices.users.routes import routes
from microservices.users.store import DynamoUsers
from shared_domain.passwords import SALT_BYTES

_dynamodb, _table = client("dynamodb"), os.environ["TABLE"]

lambda_handler = serve(
    routes(
        DynamoUsers(_dynamodb, _table),
        DynamoAttempts(_dynamodb, _table),
        secret=token_secret(os.environ["TOKEN_SECRET_ARN"]),
        salt=lambda: os.urandom(SALT_BYTES),
    )
)
