"""The load balancer leads to the same functions as the API: what both serve, both answer alike.

The local one decodes path and parameters before it tells a function of them, where AWS's leaves that to the function: what was
encoded twice, or is no UTF-8, is asked in AWS's form by tests/contract/test_entry_points.py.
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
QUESTIONS = [
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
def door(local_aws_stack: LocalAws) -> Iterator[Api]:
    url = local_aws_stack.deployment.outputs(balancer.SERVICE)["Url"]
    with httpx.Client(base_url=url, timeout=TIMEOUT_S) as client:
        yield Api(client, patience=0)


@pytest.fixture(scope="module")
def ada(api: Api) -> Person:
    person = api.join("door")
    for title in ("one", "two"):
        api.published(person, title=title, tags=["doors"])
    return person


@pytest.mark.one_variant
@pytest.mark.parametrize("path", QUESTIONS + HOSTILE)
def test_a_question_has_the_same_answer_at_both_doors(api: Api, door: Api, ada: Person, path: str) -> None:
    here, there = door.send("GET", path), api.send("GET", path)
    names = ("content-type", "etag", "location", "www-authenticate")
    assert here.status_code == there.status_code
    assert here.text == there.text
    assert [here.headers.get(name) for name in names] == [there.headers.get(name) for name in names]


def test_a_post_is_shown_and_nobody_can_write_one(api: Api, door: Api, ada: Person) -> None:
    post = api.published(ada)
    assert door.post(post["id"]) == post
    for answer in (door.publish(ada, title="x", body="y"), door.withdraw(ada, post["id"])):
        assert answer.status_code == 401
    assert api.post(post["id"]) == post


@pytest.mark.one_variant
@pytest.mark.parametrize("path", ["/", "/users/ada", "/leaderboard", "/healthy"])
def test_what_it_does_not_lead_to_is_not_found(door: Api, path: str) -> None:
    assert door.client.get(path).status_code == 404
