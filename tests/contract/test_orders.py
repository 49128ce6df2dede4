"""Orders: boosts for credits, all or nothing, once per idempotency key."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import httpx
import pytest

from .client import Api, Json, Person, broken_fields, unique

pytestmark = pytest.mark.live_api

STARTING_CREDITS = 100
UNKNOWN = "01M7X1YXN3SBB3DZEFS5FNXBMV"
AT_ONCE = 6
SKEW = timedelta(seconds=20)  # clock difference to the system under test, plus the time to settle


@pytest.fixture
def buyer(api: Api) -> Person:
    """A user with all starting credits."""
    return api.join("buyer")


@pytest.fixture(scope="module")
def shopper(api: Api) -> Person:
    """A user whose orders are all refused or rejected."""
    return api.join("shopper")


@pytest.fixture
def post_id(api: Api, ada: Person) -> str:
    """A new post of Ada's without a boost."""
    new_id: str = api.published(ada)["id"]
    return new_id


def line(post_id: str, sku: str = "boost-1d", quantity: Any = 1) -> Json:
    return {"sku": sku, "post_id": post_id, "quantity": quantity}


def credits_of(api: Api, person: Person) -> int:
    return int(api.read_me(person).json()["credits"])


def assert_boosted(api: Api, post_id: str, *, days: int, since: datetime) -> None:
    """Assert that the post is boosted for this many days from about `since`."""
    until = datetime.fromisoformat(api.post(post_id)["boosted_until"])
    assert abs(until - since - timedelta(days=days)) < SKEW


def assert_credits_match(api: Api, person: Person) -> None:
    """Assert that a user's credits match the settled orders."""
    orders = [order for page in api.walk_as(person, "/orders", limit=100) for order in page]
    assert "pending" not in {order["status"] for order in orders}
    spent = sum(order["total_credits"] for order in orders if order["status"] == "fulfilled")
    assert credits_of(api, person) == STARTING_CREDITS - spent


def at_once(calls: Sequence[Any]) -> list[httpx.Response]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda call: call(), calls))


def test_an_order_is_a_201_with_the_order_and_can_be_read(api: Api, buyer: Person, post_id: str) -> None:
    placed = api.place(buyer, line(post_id))
    assert placed.status_code == 201
    order = placed.json()
    assert placed.headers["Location"] == f"/orders/{order['id']}"
    assert (order["lines"], order["total_credits"], order["reason"]) == ([line(post_id)], 10, None)
    assert order["status"] in ("pending", "fulfilled")
    settled = api.order_settles(buyer, placed)
    assert settled == {**order, "status": "fulfilled"}


@pytest.mark.real_server
def test_a_fulfilled_order_spends_credits_and_boosts_the_post(api: Api, buyer: Person, post_id: str) -> None:
    since, before = datetime.now(UTC), api.post(post_id)
    order = api.order_settles(buyer, api.place(buyer, line(post_id, "boost-7d"), line(post_id, "boost-1d", 2)))
    assert (order["status"], order["reason"], order["total_credits"]) == ("fulfilled", None, 70)
    assert credits_of(api, buyer) == 30
    assert_boosted(api, post_id, days=9, since=since)
    after = api.post(post_id)
    assert {**after, "boosted_until": None} == before
    assert api.list_posts(author=before["author"], limit=1).json()["items"] == [after]


def test_a_boost_starts_where_the_previous_one_ends(api: Api, buyer: Person, post_id: str) -> None:
    api.order_settles(buyer, api.place(buyer, line(post_id, "boost-7d")))
    first = datetime.fromisoformat(api.post(post_id)["boosted_until"])
    api.order_settles(buyer, api.place(buyer, line(post_id, quantity=3)))
    assert datetime.fromisoformat(api.post(post_id)["boosted_until"]) - first == timedelta(days=3)


def test_an_order_of_ten_posts_boosts_each_by_its_own_days(api: Api, ada: Person, buyer: Person) -> None:
    since = datetime.now(UTC)
    posts = [api.published(ada)["id"] for _ in range(10)]
    order = api.order_settles(buyer, api.place(buyer, *(line(each) for each in posts)))
    assert (order["status"], order["total_credits"]) == ("fulfilled", 100)
    assert [each["post_id"] for each in order["lines"]] == posts
    for each in posts:
        assert_boosted(api, each, days=1, since=since)
    assert credits_of(api, buyer) == 0


def test_authors_may_boost_their_own_posts_and_revise_them_later(api: Api, buyer: Person) -> None:
    post = api.published(buyer)
    etag = api.read_post(post["id"]).headers["ETag"]
    api.order_settles(buyer, api.place(buyer, line(post["id"])))
    boosted = api.post(post["id"])["boosted_until"]
    revised = api.revise_post(buyer, post["id"], if_match=etag, title="Another")
    assert (revised.status_code, revised.json()["boosted_until"]) == (200, boosted)


@pytest.mark.deployed
def test_an_order_beyond_the_credits_is_rejected_and_changes_nothing(api: Api, buyer: Person, post_id: str) -> None:
    order = api.order_settles(buyer, api.place(buyer, line(post_id, "boost-7d", 2), line(post_id)))
    assert (order["status"], order["reason"]) == ("rejected", "insufficient_credits")
    assert order["total_credits"] == 110
    assert credits_of(api, buyer) == STARTING_CREDITS
    assert api.post(post_id)["boosted_until"] is None


def test_all_credits_may_be_spent(api: Api, buyer: Person, post_id: str) -> None:
    assert api.order_settles(buyer, api.place(buyer, line(post_id, "boost-7d", 2)))["status"] == "fulfilled"
    refused = api.order_settles(buyer, api.place(buyer, line(post_id)))
    assert refused["reason"] == "insufficient_credits"
    assert credits_of(api, buyer) == 0


@pytest.mark.deployed
@pytest.mark.parametrize(
    "post_id", [UNKNOWN, "nope", " ", "a/../b", "\N{SNOWMAN}" * 36, "'; DROP TABLE posts; --", "\ufffe"]
)
def test_an_unknown_post_rejects_the_whole_order(api: Api, buyer: Person, ada: Person, post_id: str) -> None:
    real = api.published(ada)["id"]
    order = api.order_settles(buyer, api.place(buyer, line(real), line(post_id), line(real)))
    assert (order["status"], order["reason"]) == ("rejected", "post_not_found")
    assert [each["post_id"] for each in order["lines"]] == [real, post_id, real]
    assert credits_of(api, buyer) == STARTING_CREDITS
    assert api.post(real)["boosted_until"] is None


def test_a_missing_post_is_reported_before_missing_credits(api: Api, buyer: Person, post_id: str) -> None:
    dear = line(post_id, "boost-7d", 10)
    order = api.order_settles(buyer, api.place(buyer, dear, line(UNKNOWN)))
    assert (order["reason"], order["total_credits"]) == ("post_not_found", 510)


def test_a_withdrawn_post_rejects_the_order(api: Api, ada: Person, buyer: Person, post_id: str) -> None:
    api.withdraw(ada, post_id)
    order = api.order_settles(buyer, api.place(buyer, line(post_id)))
    assert order["reason"] == "post_not_found"
    assert_credits_match(api, buyer)


@pytest.mark.real_server
def test_a_post_withdrawn_during_an_order_leaves_no_partial_effects(api: Api, ada: Person, buyer: Person) -> None:
    for _ in range(3):
        posts = [api.published(ada)["id"] for _ in range(2)]
        lines = [line(each) for each in posts]
        placed, gone = at_once([partial(api.place, buyer, *lines), partial(api.withdraw, ada, posts[0])])
        assert gone.status_code == 204
        order = api.order_settles(buyer, placed)
        assert (order["status"], order["reason"]) in {("fulfilled", None), ("rejected", "post_not_found")}
        assert (api.post(posts[1])["boosted_until"] is not None) is (order["status"] == "fulfilled")
        assert_credits_match(api, buyer)


@pytest.mark.parametrize(
    ("lines", "field"),
    [
        ([], "lines"),
        ([line(UNKNOWN)] * 11, "lines"),
        ({}, "lines"),
        ("boost-1d", "lines"),
        (None, "lines"),
        ([[]], "lines[0]"),
        ([line(UNKNOWN), None], "lines[1]"),
        ([line(UNKNOWN), {"post_id": UNKNOWN, "quantity": 1}], "lines[1].sku"),
        ([{"sku": "boost-1d", "post_id": UNKNOWN}], "lines[0].quantity"),
        ([{"sku": "boost-1d", "quantity": 1}], "lines[0].post_id"),
        ([{**line(UNKNOWN), "credits": 0}], "lines[0].credits"),
        ([line(UNKNOWN, "boost-30d")], "lines[0].sku"),
        ([line(UNKNOWN, "")], "lines[0].sku"),
        ([line("")], "lines[0].post_id"),
        ([line("x" * 37)], "lines[0].post_id"),
        ([line("a\x00b")], "lines[0].post_id"),
        ([{**line(UNKNOWN), "post_id": 7}], "lines[0].post_id"),
        *(
            ([line(UNKNOWN, quantity=quantity)], "lines[0].quantity")
            for quantity in (0, 11, -1, 1.5, True, "1", None, [1], 10**30)
        ),
    ],
    ids=repr,
)
def test_invalid_lines_are_a_422_that_names_them(api: Api, shopper: Person, lines: Any, field: str) -> None:
    headers = {"Idempotency-Key": unique("key")}
    assert field in broken_fields(api.send("POST", "/orders", by=shopper, json={"lines": lines}, headers=headers))


@pytest.mark.parametrize("quantity", ["1e400", "1" + "0" * 400, "-1e400", "NaN", "1.0000001"])
def test_an_invalid_quantity_is_refused(api: Api, shopper: Person, quantity: str) -> None:
    body = f'{{"lines": [{{"sku": "boost-1d", "post_id": "{UNKNOWN}", "quantity": {quantity}}}]}}'
    headers = {"Idempotency-Key": unique("key"), "Content-Type": "application/json"}
    assert api.send("POST", "/orders", by=shopper, content=body, headers=headers).status_code in (400, 422)
    assert api.list_orders(shopper).json()["items"] == []


@pytest.mark.parametrize("key", [None, "", "k" * 65, "caf\xe9", "tab\there"], ids=repr)
def test_a_missing_or_invalid_key_is_a_422(api: Api, shopper: Person, key: str | None) -> None:
    headers = {} if key is None else {"Idempotency-Key": key.encode("latin-1")}
    answer = api.send("POST", "/orders", by=shopper, json={"lines": [line(UNKNOWN)]}, headers=headers)
    assert broken_fields(answer) == {"Idempotency-Key"}


@pytest.mark.deployed
@pytest.mark.parametrize("key", ["k", "k" * 64, "two words", "{curly}", "a,b", 'say "so"', "#%&/\\~"])
def test_the_same_key_and_body_again_is_a_200_and_the_same_order(
    api: Api, buyer: Person, post_id: str, key: str
) -> None:
    placed = api.place(buyer, line(post_id), key=key)
    settled = api.order_settles(buyer, placed)
    for _ in range(2):
        again = api.place(buyer, line(post_id), key=key)
        assert (again.status_code, again.json()) == (200, settled)
    assert api.list_orders(buyer).json()["items"] == [settled]
    assert_credits_match(api, buyer)


def test_bodies_with_equal_values_are_the_same_order(api: Api, buyer: Person, post_id: str) -> None:
    key, lines = unique("key"), [line(post_id), line(post_id, "boost-7d")]
    settled = api.order_settles(buyer, api.place(buyer, *lines, key=key))
    headers = {"Idempotency-Key": key, "Content-Type": "application/json; charset=utf-8"}
    body = (
        '{"lines": [], "lines" :\n[{"quantity": 1.0, "sku": "boost-1d", "post_id": "%s"},'
        '{"quantity": 10e-1, "sku": "boost-1d", "post_id": "%s", "sku": "boost\\u002d7d"}]}'
    )
    again = api.send("POST", "/orders", by=buyer, content=body % (post_id, post_id), headers=headers)
    assert (again.status_code, again.json()) == (200, settled)
    assert isinstance(settled["lines"][0]["quantity"], int)


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: lines[::-1],
        lambda lines: lines[:1],
        lambda lines: [*lines, lines[0]],
        lambda lines: [{**lines[0], "quantity": 2}, lines[1]],
        lambda lines: [{**lines[0], "sku": "boost-7d"}, lines[1]],
        lambda lines: [{**lines[0], "post_id": UNKNOWN}, lines[1]],
    ],
    ids=["in another order", "one less", "one more", "more of it", "another sku", "another post"],
)
def test_the_same_key_and_another_body_is_a_409(api: Api, shopper: Person, change: Any) -> None:
    key, lines = unique("key"), [line("nowhere"), line("nowhere", quantity=3)]
    placed = api.place(shopper, *lines, key=key)
    assert placed.status_code == 201
    assert api.place(shopper, *change(lines), key=key).status_code == 409
    assert api.place(shopper, *lines, key=key).json()["id"] == placed.json()["id"]
    assert api.order_settles(shopper, placed)["status"] == "rejected"


def test_a_refused_request_does_not_use_its_key(api: Api, shopper: Person) -> None:
    key = unique("key")
    assert api.place(shopper, line(UNKNOWN, "nothing"), key=key).status_code == 422
    assert api.place(shopper, line(UNKNOWN), key=key).status_code == 201
    assert api.place(shopper, line(UNKNOWN, "nothing"), key=key).status_code == 422


def test_a_key_belongs_to_its_buyer(api: Api, shopper: Person, bob: Person) -> None:
    key = unique("key")
    first, second = (api.place(person, line(UNKNOWN), key=key) for person in (shopper, bob))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] != second.json()["id"]


def test_keys_are_case_sensitive(api: Api, shopper: Person) -> None:
    key = unique("Key")
    placed = [api.place(shopper, line(UNKNOWN), key=each) for each in (key, key.lower(), f"{key}#", "#" + key)]
    assert [answer.status_code for answer in placed] == [201] * 4


@pytest.mark.real_server
def test_one_of_concurrent_orders_with_the_same_key_is_placed(api: Api, buyer: Person, post_id: str) -> None:
    for _ in range(3):
        key = unique("key")
        answers = at_once([partial(api.place, buyer, line(post_id), key=key)] * AT_ONCE)
        assert sorted(answer.status_code for answer in answers) == [200] * (AT_ONCE - 1) + [201]
        assert len({answer.json()["id"] for answer in answers}) == 1
        api.order_settles(buyer, answers[0])
    assert len(api.list_orders(buyer).json()["items"]) == 3
    assert_credits_match(api, buyer)


@pytest.mark.real_server
def test_concurrent_orders_of_one_buyer_spend_no_credit_twice(api: Api, ada: Person, buyer: Person) -> None:
    posts = [api.published(ada)["id"] for _ in range(2)]
    carts = [[line(each, quantity=2) for each in (posts if n % 2 else posts[::-1])] for n in range(AT_ONCE)]
    since = datetime.now(UTC)
    placed = at_once([partial(api.place, buyer, *cart) for cart in carts])
    statuses = [api.order_settles(buyer, answer)["status"] for answer in placed]
    assert sorted(statuses) == ["fulfilled"] * 2 + ["rejected"] * (AT_ONCE - 2)
    assert credits_of(api, buyer) == 20
    for each in posts:
        assert_boosted(api, each, days=4, since=since)
    assert_credits_match(api, buyer)


@pytest.mark.real_server
def test_concurrent_orders_for_one_post_add_up(api: Api, post_id: str) -> None:
    since, buyers = datetime.now(UTC), [api.join("buyer") for _ in range(4)]
    placed = at_once([partial(api.place, each, line(post_id)) for each in buyers])
    for each, answer in zip(buyers, placed, strict=True):
        assert api.order_settles(each, answer)["status"] == "fulfilled"
    assert_boosted(api, post_id, days=4, since=since)


def test_only_the_buyer_sees_an_order(api: Api, shopper: Person, bob: Person) -> None:
    order = api.place(shopper, line(UNKNOWN)).json()
    assert api.read_order(bob, order["id"]).status_code == 404
    assert api.read_order(None, order["id"]).status_code == 401
    assert order["id"] not in {each["id"] for page in api.walk_as(bob, "/orders") for each in page}


@pytest.mark.parametrize("order_id", [UNKNOWN, "nope", "%00", "..%2e", "%F0%9F%8C%8D", "A" * 2_000])
def test_an_unknown_order_is_a_404(api: Api, shopper: Person, order_id: str) -> None:
    assert api.read_order(shopper, order_id).status_code == 404


def test_orders_require_a_token(api: Api) -> None:
    assert api.place(None, line(UNKNOWN)).status_code == 401
    assert api.place("no.such.token", line(UNKNOWN)).status_code == 401
    assert api.list_orders(None).status_code == 401


@pytest.mark.deployed
def test_own_orders_are_listed_newest_first_page_by_page(api: Api, buyer: Person) -> None:
    placed = [api.place(buyer, line(UNKNOWN, quantity=n + 1)) for n in range(5)]
    for answer in placed:
        api.order_settles(buyer, answer)
    ids = [answer.json()["id"] for answer in placed][::-1]
    for limit in (1, 2, 5, 6):
        pages = [[order["id"] for order in page] for page in api.walk_as(buyer, "/orders", limit=limit)]
        assert [order_id for page in pages for order_id in page] == ids
        assert all(len(page) <= limit for page in pages)
    assert api.list_orders(buyer).json()["items"][0] == api.read_order(buyer, ids[0]).json()


def test_a_cursor_of_somebody_elses_orders_or_of_another_list_is_a_422(
    api: Api, ada: Person, bob: Person, buyer: Person
) -> None:
    for person in (buyer, bob):
        for _ in range(2):
            api.place(person, line(UNKNOWN))
    cursor = api.list_orders(bob, limit=1).json()["next_cursor"]
    assert broken_fields(api.list_orders(buyer, cursor=cursor)) == {"cursor"}
    assert broken_fields(api.list_posts(cursor=cursor)) == {"cursor"}
    assert broken_fields(api.list_orders(bob, cursor=cursor[:-1])) == {"cursor"}
    assert broken_fields(api.list_orders(bob, limit="0")) == {"limit"}
    assert api.list_orders(bob, cursor=cursor).status_code == 200
