"""Delivery is at least once, in any order, and a function may end anywhere: an order costs once and boosts once all the same."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import msgspec
import pytest
from botocore.exceptions import ClientError

from microservices.order_events import answering
from microservices.orders.outbox import pass_on
from microservices.orders.saga import go_on
from microservices.streams import Record
from shared_domain.errors import NotFound
from shared_domain.orders import Reason, Stage
from tests.moto_aws import aws_in_process

from .order_rooms import IDS, NOW, POSTS, Rooms, outcome, raising

MOST_CALLS = 28  # of what an order asks of its stores, its topic and its queue, whatever becomes of it


@pytest.fixture(scope="module")
def clients() -> Iterator[list[Any]]:
    """Made once, for making them is dear."""
    with aws_in_process():
        yield [boto3.client(service, region_name="us-east-1") for service in ("dynamodb", "sqs", "sns")]


@pytest.fixture
def rooms(clients: list[Any]) -> Rooms:
    return Rooms(*clients)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("total", "there", "reason"),
    [
        (30, True, None),
        (30, False, Reason.POST_NOT_FOUND),
        (130, True, Reason.INSUFFICIENT_CREDITS),
        (130, False, Reason.POST_NOT_FOUND),
    ],
)
def test_an_order_settles_though_a_function_ends_at_any_call(
    clients: list[Any], total: int, there: bool, reason: Reason | None
) -> None:
    for call in range(1, MOST_CALLS + 1):
        rooms = Rooms(*clients)
        for post in POSTS[:2] if there else POSTS[1:2]:
            rooms.posts.add(post)
        order = rooms.place(total=total, posts=IDS[:2])
        mend = rooms.at_call(call, raising(KeyboardInterrupt("the function ends here")))
        with suppress(KeyboardInterrupt):
            rooms.settle(order)
        mend()
        settled = rooms.settle(order)
        assert settled.reason == reason, call
        assert rooms.left() == (70 if reason is None else 100), call
        assert set(rooms.days()) == ({1} if reason is None else {0}), call


def test_the_longest_course_makes_as_many_calls_as_the_test_above_ends(rooms: Rooms) -> None:
    made: list[str] = []
    order = rooms.place(posts=IDS)
    mend = rooms.at_call(None, lambda: made.append("a call"))
    rooms.settle(order)
    mend()
    assert len(made) == MOST_CALLS


def test_an_event_that_comes_again_takes_no_credits_again(rooms: Rooms) -> None:
    placed = rooms.place(total=60)
    assert [rooms.credits.settle(placed) for _ in range(3)] == [True] * 3
    assert rooms.left() == 40


def test_a_refusal_stands_though_credits_come_back(rooms: Rooms) -> None:
    first, second = rooms.place(total=60, number=1), rooms.place(total=50, number=2)
    assert rooms.credits.settle(first)
    assert not rooms.credits.settle(second)
    assert rooms.credits.settle(replace(first, stage=Stage.UNDELIVERABLE))
    assert rooms.left() == 100
    assert not rooms.credits.settle(second)
    assert rooms.left() == 100


def test_credits_are_given_back_once_and_not_taken_again(rooms: Rooms) -> None:
    placed = rooms.place(total=60)
    undeliverable = replace(placed, stage=Stage.UNDELIVERABLE)
    assert rooms.credits.settle(placed)
    assert [rooms.credits.settle(undeliverable) for _ in range(3)] == [True] * 3
    assert rooms.credits.settle(placed)  # what was answered then
    assert rooms.left() == 100


@pytest.mark.parametrize("refused_before", [True, False])
def test_credits_that_were_not_taken_cannot_be_given_back(rooms: Rooms, refused_before: bool) -> None:
    dear = rooms.place(total=160)
    if refused_before:
        assert not rooms.credits.settle(dear)
    with pytest.raises(NotFound):
        rooms.credits.settle(replace(dear, stage=Stage.UNDELIVERABLE))
    assert rooms.left() == 100


def test_a_buyer_that_nobody_knows_has_no_credits(rooms: Rooms) -> None:
    stranger = replace(rooms.place(), buyer="nobody")
    assert not rooms.credits.settle(stranger)
    assert rooms.users.find("nobody") is None


def test_an_event_that_comes_again_boosts_nothing_again(rooms: Rooms) -> None:
    rooms.posts.add(POSTS[0])
    paid = replace(rooms.place(), stage=Stage.PAID)
    assert [rooms.boosts.settle(paid, now=NOW + timedelta(hours=late)) for late in range(3)] == [True] * 3
    assert rooms.days() == [1]


def test_a_boost_stands_though_its_post_is_withdrawn(rooms: Rooms) -> None:
    rooms.posts.add(POSTS[0])
    paid = replace(rooms.place(), stage=Stage.PAID)
    assert rooms.boosts.settle(paid, now=NOW)
    rooms.posts.remove(POSTS[0])
    assert rooms.boosts.settle(paid, now=NOW)


def test_a_boost_that_was_refused_stays_refused(rooms: Rooms) -> None:
    paid = replace(rooms.place(), stage=Stage.PAID)
    assert not rooms.boosts.settle(paid, now=NOW)
    rooms.posts.add(POSTS[0])
    assert not rooms.boosts.settle(paid, now=NOW)
    assert rooms.days() == [0]


def test_a_boost_goes_on_where_one_ends_that_came_between_its_reading_and_its_writing(rooms: Rooms) -> None:
    rooms.posts.add(POSTS[0])
    first, second = (replace(rooms.place(number=number), stage=Stage.PAID) for number in (1, 2))
    mend = rooms.at_call(1, lambda: rooms.boosts.settle(second, now=NOW), of=".TransactWriteItems")
    assert rooms.boosts.settle(first, now=NOW)
    mend()
    assert rooms.days() == [2]


def test_no_post_is_boosted_where_one_is_withdrawn_between_reading_and_writing(rooms: Rooms) -> None:
    for post in POSTS[:3]:
        rooms.posts.add(post)
    paid = replace(rooms.place(posts=IDS[:3]), stage=Stage.PAID)
    mend = rooms.at_call(1, lambda: rooms.posts.remove(POSTS[1]), of=".TransactWriteItems")
    assert not rooms.boosts.settle(paid, now=NOW)
    mend()
    assert rooms.days() == [0, 0]


@pytest.mark.parametrize(("room", "operation"), [("credits", "TransactWriteItems"), ("boosts", "TransactWriteItems")])
def test_a_transaction_that_meets_another_runs_again(rooms: Rooms, room: str, operation: str) -> None:
    rooms.posts.add(POSTS[0])
    refusal: Any = {"Error": {"Code": "TransactionCanceledException", "Message": ""}}
    refusal["CancellationReasons"] = [{"Code": "None"}, {"Code": "TransactionConflict"}]
    order = rooms.place()
    mend = rooms.at_call(1, raising(ClientError(refusal, operation)), of=f".{operation}")
    if room == "credits":
        assert rooms.credits.settle(order)
    else:
        assert rooms.boosts.settle(replace(order, stage=Stage.PAID), now=NOW)
    mend()
    assert (rooms.left(), rooms.days()) == ((90, [0]) if room == "credits" else (100, [1]))


def test_a_saga_that_meets_another_leaves_the_order_where_both_want_it(rooms: Rooms) -> None:
    order = rooms.place()
    mend = rooms.at_call(1, lambda: go_on(rooms.orders, outcome(order, done=True)), of=".UpdateItem")
    go_on(rooms.orders, outcome(order, done=False))
    mend()
    assert rooms.seen(order).stage == Stage.PAID


def test_news_of_a_stage_that_is_over_moves_no_order(rooms: Rooms) -> None:
    order = rooms.place()
    for stage, done in ((Stage.PAID, True), (Stage.PLACED, True), (Stage.PLACED, False), (Stage.UNPAID, False)):
        go_on(rooms.orders, outcome(replace(order, stage=stage), done=done))
    assert rooms.seen(order).stage == Stage.PAID


def test_news_of_an_order_that_nobody_placed_is_not_taken(rooms: Rooms) -> None:
    order = rooms.place()
    for unknown in (replace(order, id=IDS[1]), replace(order, buyer="bob")):
        with pytest.raises(NotFound):
            go_on(rooms.orders, outcome(unknown, done=True))


@pytest.mark.parametrize(
    "event",
    [
        "",
        "{}",
        "[]",
        '{"order_id": "1", "buyer": "ada", "stage": "placed", "done": true}',
        '{"type": 1, "order_id": "1", "buyer": "ada", "stage": "placed", "done": true}',
        "\x00",
    ],
)
def test_what_is_no_event_is_not_taken(rooms: Rooms, event: str) -> None:
    with pytest.raises(msgspec.DecodeError):
        go_on(rooms.orders, event)
    with pytest.raises(msgspec.DecodeError):
        answering(rooms.publish, (Stage.PLACED,), settle=rooms.credits.settle)(event)


def test_what_tells_of_no_order_is_not_taken(rooms: Rooms) -> None:
    for untold in ({}, {"order_id": 1, "buyer": "ada", "stage": "placed", "done": True}):
        with pytest.raises(msgspec.ValidationError):
            go_on(rooms.orders, json.dumps({"type": "order.answered", **untold}))
        with pytest.raises(msgspec.ValidationError):
            answering(rooms.publish, (Stage.PLACED,), settle=rooms.credits.settle)(
                json.dumps({"type": "order.placed", **untold})
            )


def test_an_event_of_something_else_is_passed_over(rooms: Rooms) -> None:
    hear = answering(rooms.publish, (Stage.PLACED,), settle=rooms.credits.settle)
    for kind in ("order.paid", "order.rejected", "post.published", "placed"):
        hear(json.dumps({"type": kind}))
        go_on(rooms.orders, json.dumps({"type": kind}))
    assert "Messages" not in rooms.sqs.receive_message(QueueUrl=rooms.queue)


def test_the_outbox_tells_of_orders_and_of_nothing_else(rooms: Rooms) -> None:
    order, told = rooms.place(), []
    for item in rooms.items():
        pass_on(lambda kind, body: told.append((kind, body)), record("INSERT", item))
        pass_on(lambda kind, body: told.append((kind, body)), record("REMOVE", item))
    assert told == [("order.placed", msgspec.to_builtins(order))]


def record(name: str, item: dict[str, Any]) -> Record:
    image = "OldImage" if name == "REMOVE" else "NewImage"
    return {"eventName": name, "dynamodb": {"Keys": {key: item[key] for key in ("pk", "sk")}, image: item}}
