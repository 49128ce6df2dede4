"""Composition root of avatars-http. The monolith wires all modules in monolith/app.py."""

import os

from microservices.avatars.routes import routes
from microservices.avatars.store import S3Avatars
from microservices.aws import client
from microservices.edge import serve

lambda_handler = serve(routes(S3Avatars(client("s3"), os.environ["BUCKET"])))
