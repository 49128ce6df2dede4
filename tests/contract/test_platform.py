"""Health, the OpenAPI document, and unknown paths and methods."""

import re

import pytest

from .client import Api, Person
from .openapi import document, operations

pytestmark = [pytest.mark.live_api, pytest.mark.real_server]

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
SERVED = set(operations().values())
UNSERVED = [(method, path) for path in document()["paths"] for method in METHODS if (method, path) not in SERVED]


def test_health_is_ok(api: Api) -> None:
    answer = api.send("GET", "/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_the_openapi_document_is_served(api: Api) -> None:
    assert api.send("GET", "/openapi.json").json() == document()


@pytest.mark.parametrize(("method", "path"), UNSERVED)
def test_an_unknown_method_of_a_path_is_a_404_or_405(api: Api, ada: Person, method: str, path: str) -> None:
    where = re.sub(r"\{\w+\}", "01ARZ3NDEKTSV4RRFFQ69G5FAV", path)
    assert api.send(method, where, by=ada).status_code in (404, 405)


@pytest.mark.parametrize("path", ["/posts", "/users/me", "/leaderboard.html", "/nowhere"])
def test_no_cors_header_is_sent(api: Api, path: str) -> None:
    """Accept a 403: without a CORS configuration a gateway answers OPTIONS itself."""
    answer = api.client.request("OPTIONS", path, headers={"Origin": "https://example.org"})
    assert answer.status_code in (403, 404, 405)
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/nowhere", "/Posts", "/posts/", "/users/", "/users/%2F", "/users/a/b", "/posts/a/b", "/posts/a/vote/b"),
        *("/posts/%2e%2e/health", "/openapi.yaml", "/leaderboard.json", "/static/style.css", "/.env", "/console"),
    ],
)
def test_an_unknown_path_is_a_404(api: Api, path: str) -> None:
    assert api.send("GET", path).status_code == 404


def test_every_id_is_short_and_safe_in_urls(api: Api, ada: Person) -> None:
    post = api.published(ada)
    for shown in (post["id"], api.read_me(ada).json()["id"]):
        assert 1 <= len(shown) <= 36
        assert shown.isascii()
        assert shown.replace("-", "").replace("_", "").isalnum()
