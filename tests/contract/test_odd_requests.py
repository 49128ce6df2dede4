"""Both running systems give the same answers to random odd requests."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from loadtests.parity.odd_requests import Target, compare_odd_requests

from .client import Api, unique

pytestmark = pytest.mark.live

THREADS = 5  # below a function's concurrency limit


@pytest.fixture(scope="module")
def targets(
    live_monolith_api: Api, live_microservices_api: Api, live_monolith_feed: str, live_microservices_feed: str
) -> dict[str, Target]:
    """Both running systems. The user has the same name on both, because some answers contain it."""
    username = unique("odd")
    return {
        "monolith": _target(live_monolith_api, live_monolith_feed, username),
        "microservices": _target(live_microservices_api, live_microservices_feed, username),
    }


def _target(api: Api, live_url: str, username: str) -> Target:
    person = api.join_as(username)
    return Target(str(api.client.base_url), live_url, person.token, api.published(person)["id"])


def test_random_odd_requests_have_the_same_answers(targets: dict[str, Target]) -> None:
    assert compare_odd_requests(targets, count=150, seed=1).failed == []


@pytest.mark.deep
def test_10_000_random_odd_requests_have_the_same_answers(targets: dict[str, Target]) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        runs = pool.map(lambda seed: compare_odd_requests(targets, count=10_000 // THREADS, seed=seed), range(THREADS))
    assert [line for parity in runs for line in parity.failed] == []
