"""Votes asks posts of a post that its stream has not told of yet, and is patient with a gateway that is full."""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import cast

import httpx
import pytest

from microservices.votes.peers import PostsService
from microservices.votes.store import DynamoVotes
from shared_domain.errors import NotFound, Unavailable
from tests.contract.loopback_server import loopback

Ask = Callable[[Sequence[int]], int]


@pytest.fixture
def ask() -> Ask:
    """Require a post while posts answers these statuses in turn; return how often posts was asked."""

    def asked(statuses: Sequence[int]) -> int:
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

    return asked


def test_a_post_that_posts_knows_may_be_voted_on(ask: Ask) -> None:
    assert ask([200]) == 1


def test_a_post_that_posts_does_not_know_is_not_found(ask: Ask) -> None:
    with pytest.raises(NotFound):
        ask([404])


def test_posts_is_asked_again_while_its_gateway_is_full(ask: Ask) -> None:
    assert ask([429, 503, 429, 503, 429, 503, 200]) == 7


def test_a_posts_that_stays_away_is_said_to_be_away(ask: Ask) -> None:
    with pytest.raises(Unavailable):
        ask([503] * 20)


@pytest.mark.parametrize("status", [301, 403, 500, 502, 504])
def test_what_says_nothing_of_the_post_is_not_taken_for_an_answer(ask: Ask, status: int) -> None:
    with pytest.raises(Unavailable):
        ask([status])
