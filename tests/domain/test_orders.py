"""Orders: the rules alone."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise, product

import pytest

from shared_domain import orders, posts
from shared_domain.contract.orders import order_json
from shared_domain.errors import InvalidInput, KeyReused, NotFound
from shared_domain.orders import Line, Order, Reason, Stage

NOW = datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)
POST = posts.compose(id="01M7X1YXN3SBB3DZEFS5FNXBMV", author="ada", title="Title", body="Body", now=NOW)


@dataclass(frozen=True)
class Asked:
    """A line as a client may send it."""

    post_id: str = POST.id
    sku: str = "boost-1d"
    quantity: float = 1


def placed(*lines: Asked) -> Order:
    return orders.place(id="01M7X1YXN3SBB3DZEFS5FNXBMW", buyer="ada", lines=lines or (Asked(),), now=NOW)


def at(stage: Stage) -> Order:
    return replace(placed(), stage=stage)


def test_a_new_order_is_placed_and_knows_its_price() -> None:
    order = placed(Asked(quantity=3), Asked(sku="boost-7d", quantity=2))
    assert (order.stage, order.reason, order.total_credits) == (Stage.PLACED, None, 130)
    assert order.lines[1] == Line(sku="boost-7d", post_id=POST.id, quantity=2)


def test_a_whole_float_is_a_quantity_and_becomes_an_integer() -> None:
    quantity = placed(Asked(quantity=2.0)).lines[0].quantity
    assert (quantity, type(quantity)) == (2, int)


@pytest.mark.parametrize("quantity", [0, 11, -1, 1.5, float("nan"), float("inf")])
def test_a_quantity_is_a_whole_number_from_1_to_10(quantity: float) -> None:
    with pytest.raises(InvalidInput, match=r"lines\[1\]\.quantity"):
        placed(Asked(), Asked(quantity=quantity))


@pytest.mark.parametrize("count", [0, 11])
def test_an_order_has_1_to_10_lines(count: int) -> None:
    with pytest.raises(InvalidInput, match="lines"):
        orders.place(id="1", buyer="ada", lines=[Asked()] * count, now=NOW)


@pytest.mark.parametrize("post_id", ["", "x" * 37, "a\x00b"])
def test_a_post_is_named_by_1_to_36_characters(post_id: str) -> None:
    with pytest.raises(InvalidInput, match=r"lines\[0\]\.post_id"):
        placed(Asked(post_id))


def test_only_known_skus_are_sold() -> None:
    with pytest.raises(InvalidInput, match=r"lines\[0\]\.sku"):
        placed(Asked(sku="boost-1D"))


@pytest.mark.parametrize(
    ("course", "reason"),
    [
        ([(Stage.PLACED, True), (Stage.PAID, True), (Stage.FULFILLED, None)], None),
        (
            [(Stage.PLACED, True), (Stage.PAID, False), (Stage.UNDELIVERABLE, True), (Stage.REJECTED, None)],
            Reason.POST_NOT_FOUND,
        ),
        ([(Stage.PLACED, False), (Stage.UNPAID, True), (Stage.REJECTED, None)], Reason.INSUFFICIENT_CREDITS),
        ([(Stage.PLACED, False), (Stage.UNPAID, False), (Stage.REJECTED, None)], Reason.POST_NOT_FOUND),
    ],
    ids=["all is well", "a post is missing", "credits are missing", "both are"],
)
def test_an_order_goes_from_stage_to_stage(course: list[tuple[Stage, bool]], reason: Reason | None) -> None:
    order = placed()
    for (stage, done), (following, _) in pairwise(course):
        assert not orders.is_settled(order)
        assert order_json(order)["status"] == "pending"
        order = orders.advance(order, stage, done=done)
        assert order.stage == following
    assert orders.is_settled(order)
    assert (order_json(order)["status"], order.reason) == (order.stage.value, reason)


@pytest.mark.parametrize(("stage", "told"), product(Stage, [Stage.PLACED, Stage.PAID, Stage.UNPAID]))
def test_news_of_another_stage_than_the_orders_changes_nothing(stage: Stage, told: Stage) -> None:
    for done in (True, False):
        order = at(stage)
        assert (orders.advance(order, told, done=done) is order) is (stage != told)


@pytest.mark.parametrize(
    ("stage", "done"), [(Stage.UNDELIVERABLE, False), (Stage.FULFILLED, True), (Stage.REJECTED, False)]
)
def test_what_no_stage_can_come_to_is_refused_whatever_the_orders_stage(stage: Stage, done: bool) -> None:
    for present in Stage:
        with pytest.raises(KeyError):
            orders.advance(at(present), stage, done=done)


def test_lines_for_one_post_add_up_and_posts_come_in_the_order_of_their_ids() -> None:
    order = placed(Asked("b", "boost-7d", 2), Asked("a"), Asked("b", "boost-1d", 3))
    assert list(orders.days_by_post(order).items()) == [("a", 1), ("b", 17)]


def test_a_boost_counts_from_now_or_from_where_the_present_one_ends() -> None:
    running, over = (replace(POST, boosted_until=NOW + timedelta(hours=hours)) for hours in (5, -5))
    assert posts.boosted_until(POST, days=2, now=NOW) == NOW + timedelta(days=2)
    assert posts.boosted_until(running, days=2, now=NOW) == NOW + timedelta(days=2, hours=5)
    assert posts.boosted_until(over, days=2, now=NOW) == NOW + timedelta(days=2)


def test_a_key_that_comes_again_is_for_the_same_lines_only() -> None:
    earlier = replace(placed(Asked(), Asked(quantity=2)), stage=Stage.FULFILLED)
    assert (
        orders.require_same_order(earlier, requested=replace(placed(Asked(), Asked(quantity=2.0)), id="another"))
        is earlier
    )
    with pytest.raises(KeyReused):
        orders.require_same_order(earlier, requested=placed(Asked(quantity=2), Asked()))


@pytest.mark.parametrize(
    ("header", "key"), [("a", "a"), (" two words\t", "two words"), ("~" * 64, "~" * 64), ("{}", "{}")]
)
def test_a_key_is_what_its_header_says_without_the_space_around_it(header: str, key: str) -> None:
    assert orders.idempotency_key(header) == key


@pytest.mark.parametrize("header", [None, "", " \t ", "k" * 65, "é", "a\tb", "a\nb", "a\x7f"])
def test_a_key_has_1_to_64_printable_characters(header: str | None) -> None:
    with pytest.raises(InvalidInput, match="Idempotency-Key"):
        orders.idempotency_key(header)


@pytest.mark.parametrize("order_id", ["", "nope", "01M7X1YXN3SBB3DZEFS5FNXBMV\n", "8" * 26])
def test_an_id_that_no_order_can_have_is_not_found(order_id: str) -> None:
    with pytest.raises(NotFound):
        orders.require_valid_id(order_id)
    assert orders.require_valid_id(POST.id) == POST.id
