"""Around it: health, the document, and the paths and methods that nothing serves."""

import re

import pytest

from .client import Api, Person
from .openapi import document, operations

pytestmark = pytest.mark.live_api

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
SERVED = set(operations().values())
UNSERVED = [(method, path) for path in document()["paths"] for method in METHODS if (method, path) not in SERVED]


def test_it_says_that_it_is_well(api: Api) -> None:
    answer = api.send("GET", "/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_it_shows_the_document(api: Api) -> None:
    assert api.send("GET", "/openapi.json").json() == document()


@pytest.mark.parametrize(("method", "path"), UNSERVED)
def test_a_method_that_a_path_does_not_have_is_a_404_or_405(api: Api, ada: Person, method: str, path: str) -> None:
    where = re.sub(r"\{\w+\}", "01ARZ3NDEKTSV4RRFFQ69G5FAV", path)
    assert api.send(method, where, by=ada).status_code in (404, 405)


@pytest.mark.parametrize("path", ["/posts", "/users/me", "/leaderboard.html", "/nowhere"])
def test_nothing_is_said_about_other_origins(api: Api, path: str) -> None:
    """A gateway answers OPTIONS itself, ahead of its routes, and without a CORS configuration it may do so with a 403."""
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
def test_a_path_that_nothing_serves_is_a_404(api: Api, path: str) -> None:
    assert api.send("GET", path).status_code == 404


def test_every_id_the_contract_shows_is_short_and_safe_in_urls(api: Api, ada: Person) -> None:
    post = api.published(ada)
    for shown in (post["id"], api.read_me(ada).json()["id"]):
        assert 1 <= len(shown) <= 36
        assert shown.isascii()
        assert shown.replace("-", "").replace("_", "").isalnum()
