"""The health check and the OpenAPI document. Twin: monolith/platform/routes.py."""

from typing import Any

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from microservices.edge import Response, respond


def routes(contract: dict[str, Any]) -> APIGatewayHttpRouter:
    router = APIGatewayHttpRouter()

    @router.get("/health")
    def health() -> Response:
        """Report that the function answers. No other service is checked."""
        return respond({"status": "ok"})

    @router.get("/openapi.json")
    def openapi() -> Response:
        """Return the OpenAPI document."""
        return respond(contract)

    return router
