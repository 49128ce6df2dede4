"""Health, the OpenAPI document, and unknown paths and methods."""

import re

import pytest

from .client import Api, Person
from .openapi import LEAKS, document, operations

pytestmark = [pytest.mark.live_api, pytest.mark.real_server]

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
SERVED = set(operations().values())
UNSERVED = [(method, path) for path in document()["paths"] for method in METHODS if (method, path) not in SERVED]


def test_health_is_ok(api: Api) -> None:
    answer = api.send("GET", "/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_the_openapi_document_is_served(api: Api) -> None:
    assert api.send("GET", "/openapi.json").json() == document()


@pytest.mark.parametrize(("method", "path"), UNSERVED)
def test_an_unknown_method_of_a_path_is_a_404(api: Api, ada: Person, method: str, path: str) -> None:
    where = re.sub(r"\{\w+\}", "01ARZ3NDEKTSV4RRFFQ69G5FAV", path)
    assert api.send(method, where, by=ada).status_code == 404


@pytest.mark.parametrize("path", ["/posts", "/users/me", "/leaderboard.html", "/nowhere"])
def test_no_cors_header_is_sent(api: Api, path: str) -> None:
    answer = api.send("OPTIONS", path, headers={"Origin": "https://example.org"})
    assert answer.status_code == 404
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


@pytest.mark.parametrize("path", ["/health", "/site/index.html", "/users/me", "/posts?limit=1"])
def test_extra_slashes_at_the_start_of_a_path_do_not_count(api: Api, ada: Person, path: str) -> None:
    base = api.client.base_url  # httpx removes the slashes of a relative URL
    url = base.copy_with(raw_path=base.raw_path.rstrip(b"/") + b"//" + path.encode())
    answer = api.client.get(url, headers={"Authorization": f"Bearer {ada.token}"})
    assert (answer.status_code, answer.content) == (200, api.send("GET", path, by=ada).content)


@pytest.mark.parametrize("path", ["/health", "/users/me", "/site/index.html", "/nowhere"])
def test_a_request_line_and_headers_over_10_240_bytes_are_a_431(api: Api, ada: Person, path: str) -> None:
    for headers, query in (({"X-Long": "x" * 10_240}, ""), ({}, "?q=" + "x" * 10_240)):
        assert api.send("GET", path + query, by=ada, headers=headers).status_code == 431
    assert api.send("GET", path, by=ada, headers={"X-Long": "x" * 8_500}).status_code in (200, 404)
    assert api.send("GET", f"{path}?q={'x' * 8_500}", by=ada).status_code in (200, 404)


@pytest.mark.parametrize("name", ["%C3%A9", "a%20b", "%00", "%FF", "nothing.css", "%2e%2e", "published.json"])
def test_an_unknown_file_of_the_site_is_a_404(api: Api, name: str) -> None:
    answer = api.send("GET", f"/site/{name}")
    assert answer.status_code == 404
    assert not LEAKS.search(answer.text)


def test_every_id_is_short_and_safe_in_urls(api: Api, ada: Person) -> None:
    post = api.published(ada)
    for shown in (post["id"], api.read_me(ada).json()["id"]):
        assert 1 <= len(shown) <= 36
        assert shown.isascii()
        assert shown.replace("-", "").replace("_", "").isalnum()
