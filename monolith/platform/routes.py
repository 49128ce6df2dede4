"""The health check and the OpenAPI document. Twin: microservices/platform/routes.py."""

from typing import Any

from flask import Blueprint

from monolith.edge import Response, respond

PATHS = frozenset({"/health", "/openapi.json"})  # the server answers them even while every request thread waits


def routes(contract: dict[str, Any]) -> Blueprint:
    blueprint = Blueprint("platform", __name__)

    @blueprint.get("/health")
    def health() -> Response:
        """Report that the process answers. The database is not checked."""
        return respond({"status": "ok"})

    @blueprint.get("/openapi.json")
    def openapi() -> Response:
        """Return the OpenAPI document."""
        return respond(contract)

    return blueprint
