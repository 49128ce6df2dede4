"""Health and the contract, around the modules. Twin: microservices/platform/routes.py."""

from typing import Any

from flask import Blueprint

from monolith.edge import Answer, answer


def routes(contract: dict[str, Any]) -> Blueprint:
    blueprint = Blueprint("platform", __name__)

    @blueprint.get("/health")
    def health() -> Answer:
        """Say that the process answers; no store is asked."""
        return answer({"status": "ok"})

    @blueprint.get("/openapi.json")
    def openapi() -> Answer:
        """Show the contract."""
        return answer(contract)

    return blueprint
