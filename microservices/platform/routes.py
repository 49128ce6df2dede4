"""Health and the contract, around the services. Twin: monolith/platform/routes.py."""

from typing import Any

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from microservices.edge import Answer, answer


def routes(contract: dict[str, Any]) -> APIGatewayHttpRouter:
    router = APIGatewayHttpRouter()

    @router.get("/health")
    def health() -> Answer:
        """Say that a function answers; no other service is asked."""
        return answer({"status": "ok"})

    @router.get("/openapi.json")
    def openapi() -> Answer:
        """Show the contract."""
        return answer(contract)

    return router
