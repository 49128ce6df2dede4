"""Composition root of platform-http."""

import json
from pathlib import Path

from microservices.edge import serve
from microservices.platform.routes import routes

# packages.py writes docs/openapi.yaml here, as JSON, when it builds the zip.
_contract = json.loads(Path(__file__).with_name("openapi.json").read_text(encoding="utf-8"))

lambda_handler = serve(routes(_contract))
