"""An httpx transport that acts as the HTTP API of the templates: routes, authorizer, events of payload 2.0."""

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import httpx

from loadtests.explain.hooks.spans import Write
from shared_domain.contract.parsing import MAX_HEAD_BYTES
from tests.fast_hashing import hash_fast
from tests.moto_aws import aws_in_process

from .cloud import STAGE, Cloud
from .event_delivery import deliver
from .event_routing import EventRouting
from .functions import Function, functions, lambda_service
from .loopback_server import loopback
from .payload import event_of, response_of
from .site_repository import first_push, initial_site
from .triggers import wiring


@dataclass(frozen=True, slots=True)
class Route:
    """One route of the templates: to a function, or to an object in a bucket."""

    key: str
    function: Function | None
    bucket: str | None
    authorizer: Function | None

    def fit(self, method: str, path: str) -> dict[str, str] | None:
        """Return the path parameters if the route matches, else None."""
        wanted, _, template = self.key.partition(" ")
        match = re.fullmatch(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(template)), path)
        return match.groupdict() if match and wanted == method else None


class Gateway(httpx.BaseTransport):
    """Serve one request at a time, since moto is not thread-safe, and deliver all events before the next one."""

    def __init__(self, routes: list[Route], wires: EventRouting, s3: Any) -> None:
        self.routing = wires
        self._routes, self._s3 = routes, s3
        self._functions = {route.function for route in routes if route.function is not None}
        self.functions: Mapping[str, Function] = {}  # all functions, by name without the stage
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with self._lock:
            response = self.serve(request)
            deliver(self.routing)
        return response

    def serve(self, request: httpx.Request) -> httpx.Response:
        """Answer a request, also one that a function sends while another request is served."""
        if _head_bytes(request) > MAX_HEAD_BYTES:
            return httpx.Response(431, json={"message": "Request Header Fields Too Large"})
        try:
            route = self.route(request)
        except LookupError:
            return httpx.Response(404, json={"message": "Not Found"})
        path = decoded_path(request)
        parameters = route.fit(request.method, _one_slash(path)) or {}
        return self._answer(route, event_of(request, route.key, path=path, parameters=parameters))

    def route(self, request: httpx.Request) -> Route:
        """Return the route that matches a request. Raise LookupError if none does."""
        path = _one_slash(decoded_path(request))
        for route in sorted(self._routes, key=lambda route: "{" in route.key):
            if route.fit(request.method, path) is not None:
                return route
        raise LookupError(path)

    def _answer(self, route: Route, event: dict[str, Any]) -> httpx.Response:
        if route.bucket is not None:
            return self._object(route.bucket, event["rawPath"].lstrip("/"))
        if route.authorizer is not None:
            identity = event["headers"].get("authorization")
            if not identity:
                return httpx.Response(401, json={"message": "Unauthorized"})
            said = route.authorizer.invoke({**event, "type": "REQUEST", "identitySource": [identity]})
            if not said["isAuthorized"]:
                return httpx.Response(403, json={"message": "Forbidden"})
            event["requestContext"]["authorizer"] = {"lambda": said.get("context", {})}
        assert route.function is not None
        return response_of(route.function.invoke(event))

    def _object(self, bucket: str, key: str) -> httpx.Response:
        try:
            stored = self._s3.get_object(Bucket=bucket, Key=key)
        except self._s3.exceptions.ClientError as error:
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 404
            return httpx.Response(404)
        return httpx.Response(200, headers={"Content-Type": stored["ContentType"]}, content=stored["Body"].read())


def _one_slash(path: str) -> str:
    """Return the path by which an HTTP API chooses the route: extra slashes at its start do not count."""
    return "/" + path.lstrip("/")


def _head_bytes(request: httpx.Request) -> int:
    """Return the size that API Gateway limits: the request line and the values of the headers."""
    line = len(request.method) + len(request.url.raw_path)
    return line + sum(len(value) for _, value in request.headers.raw)


def decoded_path(request: httpx.Request) -> str:
    """Return the decoded path, as an HTTP API puts it into an event."""
    return unquote(request.url.raw_path.partition(b"?")[0].decode("ascii"), errors="replace")


def routes(cloud: Cloud, known: dict[str, Function]) -> list[Route]:
    """Return the routes of all services."""
    integrations, authorizers = (
        _named(cloud, "AWS::ApiGatewayV2::Integration"),
        _named(cloud, "AWS::ApiGatewayV2::Authorizer"),
    )
    result = []
    for stack in cloud.stacks.values():
        for properties in stack.resources("AWS::ApiGatewayV2::Route").values():
            uri = integrations[properties["Target"].removeprefix("integrations/")]["IntegrationUri"]
            authorizer = authorizers.get(properties.get("AuthorizerId"))
            bucket = uri.rpartition("/")[2] if uri.startswith("http") else None
            result.append(Route(properties["RouteKey"], known.get(uri), bucket, _invoked(authorizer, known)))
    return result


def _invoked(authorizer: dict[str, Any] | None, known: dict[str, Function]) -> Function | None:
    """Return the function of an authorizer."""
    return (
        known[authorizer["AuthorizerUri"].split("/functions/")[1].removesuffix("/invocations")] if authorizer else None
    )


def _named(cloud: Cloud, kind: str) -> dict[str, dict[str, Any]]:
    return {
        stack.ref(name): properties
        for stack in cloud.stacks.values()
        for name, properties in stack.resources(kind).items()
    }


@contextmanager
def gateway_over_moto(write: Write | None = None) -> Iterator[Gateway]:
    """Yield the HTTP API of the templates, with everything behind it in this process. write: takes the functions' spans."""
    hash_fast()
    with aws_in_process(), loopback() as server, initial_site() as repositories:
        cloud = Cloud(endpoint=f"http://127.0.0.1:{server.server_port}", codecommit=repositories)
        known = functions(cloud, write)
        with lambda_service(known):
            gateway = Gateway(routes(cloud, known), wiring(cloud, known), cloud.client("s3"))
            gateway.functions = {each.name.removeprefix(f"{STAGE}-"): each for each in known.values()}
            server.gateway = gateway  # type: ignore[attr-defined]
            # As a deployment does: write the empty leaderboard and publish the site.
            gateway.functions["votes-projection"].invoke({"Records": []})
            gateway.functions["site-publisher"].invoke(first_push())
            yield gateway
