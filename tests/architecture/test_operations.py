"""Check that the document, the Flask routes and the Lambda routes have the same operations, with the same names in code."""

import importlib
import inspect
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from microservices.deploy import templates
from monolith.app import create_app
from monolith.settings import Settings

Operations = dict[tuple[str, str], str]  # (method, path with {parameters}) → name
DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.yaml"
SERVED_WITHOUT_A_FUNCTION = {("GET", "/leaderboard.html"), ("GET", "/site/{name}")}


@cache
def documented() -> dict[tuple[str, str], dict[str, Any]]:
    """Return the document's description of each operation."""
    paths = yaml.load(DOCUMENT.read_text("utf-8"), Loader=yaml.CSafeLoader)["paths"]
    return {
        (method.upper(), path): operation
        for path, item in paths.items()
        for method, operation in item.items()
        if method != "parameters"
    }


def named() -> Operations:
    return {operation: said["operationId"] for operation, said in documented().items()}


def of_flask() -> Operations:
    """Return the monolith's routes with the names of their views."""
    app = create_app(Settings(database_url="postgresql+psycopg://nowhere", token_secret="unused"))
    return {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)): rule.endpoint.rpartition(".")[2]
        for rule in app.url_map.iter_rules()
        if not rule.websocket  # docs/asyncapi.yaml describes the live feed
        for method in rule.methods or ()
    }


def of_powertools(service: str) -> Operations:
    """Return the routes of one service's HTTP function with the names of their handlers, without calling them.

    A service without such a function has none.
    """
    if not (DOCUMENT.parents[1] / "microservices" / service / "routes.py").exists():
        return {}
    routes = importlib.import_module(f"microservices.{service}.routes").routes
    router = routes(**dict.fromkeys(inspect.signature(routes).parameters))
    return {
        (method, re.sub(r"<(\w+)>", r"{\1}", key[0])): inspect.unwrap(function).__name__
        for key, function in router._routes.items()
        for method in key[1]
    }


def of_templates(service: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the HTTP API routes of a service's template."""
    routes = templates.resources(service, "AWS::ApiGatewayV2::Route").values()
    keyed = ((route["RouteKey"].partition(" "), route) for route in routes)
    return {
        (method, path): route for (method, _, path), route in keyed if path
    }  # routes of the WebSocket API have no path


def test_the_monolith_serves_the_documented_operations() -> None:
    assert of_flask() == named()


def test_the_services_serve_the_documented_operations() -> None:
    routed = [operation for service in templates.services() for operation in of_templates(service)]
    assert sorted(routed) == sorted(named())


@pytest.mark.parametrize("service", templates.services())
def test_a_function_handles_exactly_the_routes_of_its_template(service: str) -> None:
    assert set(of_powertools(service)) == set(of_templates(service)) - SERVED_WITHOUT_A_FUNCTION


@pytest.mark.parametrize("service", templates.services())
def test_the_handlers_have_the_names_of_the_document(service: str) -> None:
    served = of_powertools(service)
    assert served == {operation: name for operation, name in named().items() if operation in served}


@pytest.mark.parametrize("service", templates.services())
def test_a_route_has_the_authorizer_exactly_where_the_document_requires_a_token(service: str) -> None:
    for operation, route in of_templates(service).items():
        assert ("AuthorizerId" in route) == ("security" in documented()[operation]), operation


def test_the_tag_of_an_operation_is_the_service_that_serves_it() -> None:
    for service in templates.services():
        for operation in of_templates(service):
            assert documented()[operation]["tags"] == [service], operation
