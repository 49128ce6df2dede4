"""The next call of a journey follows from the answer to the one before."""

from random import Random
from time import monotonic, sleep
from typing import Any

import msgspec
import pytest

from loadtests.calls import Answer, Call, judge
from loadtests.data import orders
from loadtests.data.orders import FULFILLED, INSUFFICIENT_CREDITS, NO_SUCH_POST, RESERVE, Outcome
from loadtests.data.pictures import colour, colour_of, picture
from loadtests.data.world import Account, SeededPost, World
from loadtests.journeys import READS_AFTER_S, JourneyPool, buyer

WORLD = World((Account("ada", "token"),), (SeededPost("P1", "ada", "Title", 0),))


def answered(body: Any) -> Answer:
    return Answer(200, msgspec.json.encode(body))


def walked(credits: int, pending: int, statuses: list[str], seed: int = 0) -> tuple[list[Call], dict[str, Any]]:
    """Walk a buyer's journey whose order has these statuses, one for each read. Return its calls and its order."""
    steps = buyer(WORLD, Random(seed))
    known = [{"status": "pending", "total_credits": pending}]
    answers = iter([{"credits": credits}, {"items": known}])
    made, ordered = [next(steps)], {}
    for _ in range(20):
        if made[-1].operation == "POST /orders":
            ordered = {"id": "O1", **(made[-1].body or {})}
            answers = iter([ordered, *({"status": status} for status in statuses), {"items": []}])
        try:
            made.append(steps.send(answered(next(answers))))
        except StopIteration:
            return made, ordered
    raise AssertionError("a journey without an end")


def test_a_buyer_follows_an_order_until_it_is_settled() -> None:
    made, _ = walked(100, 0, ["pending", "pending", "fulfilled"])
    assert [call.operation for call in made] == [
        "GET /users/me", "GET /orders", "POST /orders", *["GET /orders/{order_id}"] * 3, "GET /orders",
    ]  # fmt: skip
    assert [call.after_s for call in made[3:6]] == list(READS_AFTER_S[:3])


def test_an_order_that_stays_pending_is_wrong_at_the_last_read() -> None:
    made, _ = walked(100, 0, ["pending"] * len(READS_AFTER_S))
    looks = [call for call in made if call.operation == "GET /orders/{order_id}"]
    pending = answered({"id": "O1", "status": "pending", "reason": None})
    assert [judge(look, pending)[0].value for look in looks] == ["succeeded"] * 4 + ["error"]


@pytest.mark.parametrize(("credits", "pending"), [(RESERVE, 0), (100, 60), (0, 0)])
def test_a_buyer_at_the_reserve_orders_only_what_must_be_refused(credits: int, pending: int) -> None:
    outcomes = {orders.outcome_of(walked(credits, pending, ["rejected"], seed)[1]["lines"]) for seed in range(30)}
    assert outcomes == {NO_SUCH_POST, INSUFFICIENT_CREDITS}


def test_a_buyer_above_the_reserve_orders_all_kinds() -> None:
    outcomes = [orders.outcome_of(walked(100, 0, ["fulfilled"], seed)[1]["lines"]) for seed in range(100)]
    assert 35 < outcomes.count(FULFILLED) < 65
    assert set(outcomes) == {FULFILLED, NO_SUCH_POST, INSUFFICIENT_CREDITS}


@pytest.mark.parametrize(
    ("lines", "outcome"),
    [
        ([orders.line("P1")], FULFILLED),
        ([orders.line("P1", "boost-7d", 2)], FULFILLED),
        ([orders.line("P1", "boost-7d", 2), orders.line("P1")], INSUFFICIENT_CREDITS),
        ([orders.line("P1", "boost-7d", 3), orders.line(orders.NO_POST)], NO_SUCH_POST),
    ],
)
def test_how_an_order_settles_follows_from_the_order(lines: list[dict[str, Any]], outcome: Outcome) -> None:
    assert orders.outcome_of(lines) == outcome


def test_a_paused_journey_delays_no_other() -> None:
    pool = JourneyPool({"buyer": 1}, WORLD, "test")
    steps, first = next(pool)
    for body in ({"credits": 100}, {"items": []}, {"id": "O1"}):
        pool.advance(steps, answered(body))
        if body != {"id": "O1"}:
            assert next(pool)[0] is steps
    began = monotonic()
    others = next(pool)[0]
    assert others is not steps
    assert first.operation == "GET /users/me"
    while (started := next(pool))[0] is not steps:
        sleep(0.005)
        assert monotonic() - began < 5
    assert started[1].operation == "GET /orders/{order_id}"
    assert monotonic() - began >= READS_AFTER_S[0] - 0.05


def test_different_pictures_have_distinguishable_colours() -> None:
    assert colour_of(picture("a")) == colour("a") != colour("b")
    assert picture("a") == picture("a")
