"""The votes service requests a post from the posts service if no event of it has arrived, and retries a saturated gateway."""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import cast

import httpx
import pytest

from microservices.votes.peers import PostsService
from microservices.votes.store import DynamoVotes
from shared_domain.errors import NotFound, Unavailable
from tests.contract.loopback_server import loopback

Require = Callable[[Sequence[int]], int]


@pytest.fixture
def require() -> Require:
    """Require a post while posts answers with these statuses in turn; return the number of requests."""

    def count_requests(statuses: Sequence[int]) -> int:
        requests: list[httpx.Request] = []

        def serve(request: httpx.Request) -> httpx.Response:
            requests.append(request)
            return httpx.Response(statuses[len(requests) - 1], json={})

        with loopback() as server:
            server.gateway = SimpleNamespace(serve=serve)  # type: ignore[attr-defined]
            unknown = cast(DynamoVotes, SimpleNamespace(post_exists=lambda post_id: None))
            PostsService(unknown, api_base=f"http://127.0.0.1:{server.server_port}").require(
                "01M7X1YXN3SBB3DZEFS5FNXBMV"
            )
        return len(requests)

    return count_requests


def test_an_existing_post_can_be_voted_on(require: Require) -> None:
    assert require([200]) == 1


def test_a_missing_post_is_not_found(require: Require) -> None:
    with pytest.raises(NotFound):
        require([404])


def test_requests_are_retried_while_the_gateway_is_saturated(require: Require) -> None:
    assert require([429, 503, 429, 503, 429, 503, 200]) == 7


def test_a_gateway_that_stays_saturated_makes_posts_unavailable(require: Require) -> None:
    with pytest.raises(Unavailable):
        require([503] * 20)


@pytest.mark.parametrize("status", [301, 403, 500, 502, 504])
def test_other_statuses_make_posts_unavailable(require: Require, status: int) -> None:
    with pytest.raises(Unavailable):
        require([status])
