"""Tests of the rules of orders."""

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
class NewLine:
    """A line of an order as a client sends it."""

    post_id: str = POST.id
    sku: str = "boost-1d"
    quantity: float = 1


def place(*lines: NewLine) -> Order:
    return orders.place(id="01M7X1YXN3SBB3DZEFS5FNXBMW", buyer="ada", lines=lines or (NewLine(),), now=NOW)


def order_at(stage: Stage) -> Order:
    return replace(place(), stage=stage)


def test_a_new_order_is_placed_and_has_its_price() -> None:
    order = place(NewLine(quantity=3), NewLine(sku="boost-7d", quantity=2))
    assert (order.stage, order.reason, order.total_credits) == (Stage.PLACED, None, 130)
    assert order.lines[1] == Line(sku="boost-7d", post_id=POST.id, quantity=2)


def test_a_whole_float_is_accepted_as_a_quantity_and_becomes_an_integer() -> None:
    quantity = place(NewLine(quantity=2.0)).lines[0].quantity
    assert (quantity, type(quantity)) == (2, int)


@pytest.mark.parametrize("quantity", [0, 11, -1, 1.5, float("nan"), float("inf")])
def test_a_quantity_is_a_whole_number_from_1_to_10(quantity: float) -> None:
    with pytest.raises(InvalidInput, match=r"lines\[1\]\.quantity"):
        place(NewLine(), NewLine(quantity=quantity))


@pytest.mark.parametrize("count", [0, 11])
def test_an_order_has_1_to_10_lines(count: int) -> None:
    with pytest.raises(InvalidInput, match="lines"):
        orders.place(id="1", buyer="ada", lines=[NewLine()] * count, now=NOW)


@pytest.mark.parametrize("post_id", ["", "x" * 37, "a\x00b"])
def test_a_post_id_has_1_to_36_characters(post_id: str) -> None:
    with pytest.raises(InvalidInput, match=r"lines\[0\]\.post_id"):
        place(NewLine(post_id))


def test_an_unknown_sku_is_rejected() -> None:
    with pytest.raises(InvalidInput, match=r"lines\[0\]\.sku"):
        place(NewLine(sku="boost-1D"))


@pytest.mark.parametrize(
    ("stages", "reason"),
    [
        ([(Stage.PLACED, True), (Stage.PAID, True), (Stage.FULFILLED, None)], None),
        (
            [(Stage.PLACED, True), (Stage.PAID, False), (Stage.UNDELIVERABLE, True), (Stage.REJECTED, None)],
            Reason.POST_NOT_FOUND,
        ),
        ([(Stage.PLACED, False), (Stage.UNPAID, True), (Stage.REJECTED, None)], Reason.INSUFFICIENT_CREDITS),
        ([(Stage.PLACED, False), (Stage.UNPAID, False), (Stage.REJECTED, None)], Reason.POST_NOT_FOUND),
    ],
    ids=["fulfilled", "post missing", "credits missing", "both missing"],
)
def test_an_order_advances_from_stage_to_stage(stages: list[tuple[Stage, bool]], reason: Reason | None) -> None:
    order = place()
    for (stage, done), (following, _) in pairwise(stages):
        assert not orders.is_settled(order)
        assert order_json(order)["status"] == "pending"
        order = orders.advance(order, stage, done=done)
        assert order.stage == following
    assert orders.is_settled(order)
    assert (order_json(order)["status"], order.reason) == (order.stage.value, reason)


@pytest.mark.parametrize(("stage", "of_stage"), list(product(Stage, [Stage.PLACED, Stage.PAID, Stage.UNPAID])))
def test_an_outcome_of_another_stage_changes_nothing(stage: Stage, of_stage: Stage) -> None:
    for done in (True, False):
        order = order_at(stage)
        assert (orders.advance(order, of_stage, done=done) is order) is (stage != of_stage)


@pytest.mark.parametrize(
    ("stage", "done"), [(Stage.UNDELIVERABLE, False), (Stage.FULFILLED, True), (Stage.REJECTED, False)]
)
def test_an_impossible_outcome_is_an_error_at_every_stage(stage: Stage, done: bool) -> None:
    for current in Stage:
        with pytest.raises(KeyError):
            orders.advance(order_at(current), stage, done=done)


def test_days_of_lines_for_one_post_add_up_and_posts_are_sorted_by_id() -> None:
    order = place(NewLine("b", "boost-7d", 2), NewLine("a"), NewLine("b", "boost-1d", 3))
    assert list(orders.days_by_post(order).items()) == [("a", 1), ("b", 17)]


def test_a_boost_extends_the_current_one_or_starts_now() -> None:
    current, expired = (replace(POST, boosted_until=NOW + timedelta(hours=hours)) for hours in (5, -5))
    assert posts.extend_boost(POST, days=2, now=NOW) == NOW + timedelta(days=2)
    assert posts.extend_boost(current, days=2, now=NOW) == NOW + timedelta(days=2, hours=5)
    assert posts.extend_boost(expired, days=2, now=NOW) == NOW + timedelta(days=2)


def test_a_key_can_be_reused_only_for_the_same_lines() -> None:
    earlier = replace(place(NewLine(), NewLine(quantity=2)), stage=Stage.FULFILLED)
    assert (
        orders.require_same_order(earlier, requested=replace(place(NewLine(), NewLine(quantity=2.0)), id="another"))
        is earlier
    )
    with pytest.raises(KeyReused):
        orders.require_same_order(earlier, requested=place(NewLine(quantity=2), NewLine()))


@pytest.mark.parametrize(
    ("header", "key"), [("a", "a"), (" two words\t", "two words"), ("~" * 64, "~" * 64), ("{}", "{}")]
)
def test_white_space_around_a_key_is_not_part_of_it(header: str, key: str) -> None:
    assert orders.parse_idempotency_key(header) == key


@pytest.mark.parametrize("header", [None, "", " \t ", "k" * 65, "é", "a\tb", "a\nb", "a\x7f"])
def test_a_key_has_1_to_64_printable_characters(header: str | None) -> None:
    with pytest.raises(InvalidInput, match="Idempotency-Key"):
        orders.parse_idempotency_key(header)


@pytest.mark.parametrize("order_id", ["", "nope", "01M7X1YXN3SBB3DZEFS5FNXBMV\n", "8" * 26])
def test_a_malformed_order_id_is_not_found(order_id: str) -> None:
    with pytest.raises(NotFound):
        orders.require_valid_id(order_id)
    assert orders.require_valid_id(POST.id) == POST.id
