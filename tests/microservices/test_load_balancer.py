"""The load balancer invokes the same functions as the API, and both give the same responses.

The local load balancer decodes path and parameters before it invokes a function; AWS's leaves that to the function. So
tests/contract/test_entry_points.py tests doubly encoded and non-UTF-8 requests in AWS's form.
"""

from collections.abc import Iterator

import httpx
import pytest

from microservices.deploy import balancer
from microservices.deploy.local_aws import LocalAws
from tests.contract.client import Api, Person

pytestmark = pytest.mark.live

TIMEOUT_S = 20.0
POST = "/posts/01ARZ3NDEKTSV4RRFFQ69G5FAV"
REQUESTS = [
    "/health",
    "/openapi.json",
    "/posts",
    "/posts?limit=2",
    "/posts?limit=1&limit=2",
    "/posts?tag=%64oors&limit=1",
    "/posts?author=nobody",
    "/posts?author=a&tag=b",
    POST,
]
HOSTILE = [
    "/posts?limit=0",
    "/posts?limit=1%00",
    "/posts?limit=%EF%BC%91",
    "/posts?limit=%2B1",
    "/posts?limit=%",
    "/posts?author=a%00b",
    "/posts?author=a%26limit%3D0&limit=1",
    "/posts?tag=%0A",
    "/posts?cursor=",
    "/posts?&&&=&limit=1&==&",
    "/posts?" + "&".join(f"a{number}={number}" for number in range(200)),
    "/posts/a%00b",
    "/posts/%0A",
    "/posts/%FF%FE",
    "/posts/...",
    "/posts/'%20OR%20'1'='1",
    "/posts/" + "A" * 2_000,
    f"{POST}%0A",
]


@pytest.fixture(scope="module")
def api(local_aws_stack: LocalAws) -> Iterator[Api]:
    with httpx.Client(base_url=local_aws_stack.url, timeout=TIMEOUT_S) as client:
        yield Api(client, patience=0)


@pytest.fixture(scope="module")
def load_balancer(local_aws_stack: LocalAws) -> Iterator[Api]:
    url = local_aws_stack.deployment.outputs(balancer.SERVICE)["Url"]
    with httpx.Client(base_url=url, timeout=TIMEOUT_S) as client:
        yield Api(client, patience=0)


@pytest.fixture(scope="module")
def ada(api: Api) -> Person:
    person = api.join("balancer")
    for title in ("one", "two"):
        api.published(person, title=title, tags=["doors"])
    return person


@pytest.mark.one_variant
@pytest.mark.parametrize("path", REQUESTS + HOSTILE)
def test_a_request_has_the_same_response_at_both_entry_points(
    api: Api, load_balancer: Api, ada: Person, path: str
) -> None:
    here, there = load_balancer.send("GET", path), api.send("GET", path)
    names = ("content-type", "etag", "location", "www-authenticate")
    assert here.status_code == there.status_code
    assert here.text == there.text
    assert [here.headers.get(name) for name in names] == [there.headers.get(name) for name in names]


def test_the_load_balancer_returns_posts_and_accepts_no_writes(api: Api, load_balancer: Api, ada: Person) -> None:
    post = api.published(ada)
    assert load_balancer.post(post["id"]) == post
    for answer in (load_balancer.publish(ada, title="x", body="y"), load_balancer.withdraw(ada, post["id"])):
        assert answer.status_code == 401
    assert api.post(post["id"]) == post


@pytest.mark.one_variant
@pytest.mark.parametrize("path", ["/", "/users/ada", "/leaderboard", "/healthy"])
def test_paths_without_a_rule_are_not_found(load_balancer: Api, path: str) -> None:
    assert load_balancer.client.get(path).status_code == 404
