"""Orders on the monolith settle before the response, and concurrent orders never deadlock."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx
import pytest

from tests.contract.client import Api
from tests.contract.systems import THREADS, monolith_application
from tests.contract.wsgi import WsgiTransport

UNKNOWN_POST = "01M7X1YXN3SBB3DZEFS5FNXBMV"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with monolith_application(tmp_path_factory.mktemp("orders")) as application:
        yield Api(httpx.Client(transport=WsgiTransport(application), base_url="http://monolith.test"), patience=0)


@pytest.mark.parametrize(
    ("quantity", "other_post", "outcome"),
    [
        (1, None, ("fulfilled", None)),
        (2, None, ("rejected", "insufficient_credits")),
        (1, UNKNOWN_POST, ("rejected", "post_not_found")),
        (2, UNKNOWN_POST, ("rejected", "post_not_found")),
    ],
)
def test_an_order_is_settled_in_the_response(
    api: Api, quantity: int, other_post: str | None, outcome: tuple[str, str | None]
) -> None:
    buyer = api.join("buyer")
    post = api.published(buyer)
    lines = [
        {"sku": "boost-7d", "post_id": each, "quantity": quantity} for each in (post["id"], other_post or post["id"])
    ]
    order = api.place(buyer, *lines).json()
    assert (order["status"], order["reason"]) == outcome
    spent = order["total_credits"] if order["status"] == "fulfilled" else 0
    assert api.read_me(buyer).json()["credits"] == 100 - spent
    assert (api.post(post["id"])["boosted_until"] is not None) is (spent > 0)


def test_concurrent_orders_for_the_same_posts_in_any_order_do_not_deadlock(api: Api) -> None:
    author, buyers = api.join("author"), [api.join("buyer") for _ in range(THREADS)]
    posts = [api.published(author)["id"] for _ in range(4)]
    lines = [{"sku": "boost-1d", "post_id": each, "quantity": 1} for each in posts]
    carts = [lines[n:] + lines[:n] if n % 2 else lines[::-1] for n in range(THREADS)]
    with ThreadPoolExecutor(THREADS) as pool:
        calls = [partial(api.place, buyer, *cart) for buyer, cart in zip(buyers, carts, strict=True)] * 2
        answers = list(pool.map(lambda call: call(), calls))
    assert {(answer.status_code, answer.json()["status"]) for answer in answers} == {(201, "fulfilled")}
