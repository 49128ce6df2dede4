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

from microservices.order_events import make_step_handler
from microservices.orders import saga
from microservices.orders.event_relay import relay_record
from microservices.streams import Record
from shared_domain.errors import NotFound
from shared_domain.orders import Reason, Stage
from tests.moto_aws import aws_in_process

from .order_services import IDS, NOW, POSTS, Services, outcome, raising

MOST_CALLS = 28  # of what an order asks of its stores, its topic and its queue, whatever becomes of it


@pytest.fixture(scope="module")
def clients() -> Iterator[list[Any]]:
    """Made once, for making them is dear."""
    with aws_in_process():
        yield [boto3.client(service, region_name="us-east-1") for service in ("dynamodb", "sqs", "sns")]


@pytest.fixture
def services(clients: list[Any]) -> Services:
    return Services(*clients)


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
        services = Services(*clients)
        for post in POSTS[:2] if there else POSTS[1:2]:
            services.posts.add(post)
        order = services.place(total=total, posts=IDS[:2])
        mend = services.at_call(call, raising(KeyboardInterrupt("the function ends here")))
        with suppress(KeyboardInterrupt):
            services.settle(order)
        mend()
        settled = services.settle(order)
        assert settled.reason == reason, call
        assert services.left() == (70 if reason is None else 100), call
        assert set(services.days()) == ({1} if reason is None else {0}), call


def test_the_longest_course_makes_as_many_calls_as_the_test_above_ends(services: Services) -> None:
    made: list[str] = []
    order = services.place(posts=IDS)
    mend = services.at_call(None, lambda: made.append("a call"))
    services.settle(order)
    mend()
    assert len(made) == MOST_CALLS


def test_an_event_that_comes_again_takes_no_credits_again(services: Services) -> None:
    placed = services.place(total=60)
    assert [services.credits.execute_step(placed) for _ in range(3)] == [True] * 3
    assert services.left() == 40


def test_a_refusal_stands_though_credits_come_back(services: Services) -> None:
    first, second = services.place(total=60, number=1), services.place(total=50, number=2)
    assert services.credits.execute_step(first)
    assert not services.credits.execute_step(second)
    assert services.credits.execute_step(replace(first, stage=Stage.UNDELIVERABLE))
    assert services.left() == 100
    assert not services.credits.execute_step(second)
    assert services.left() == 100


def test_credits_are_given_back_once_and_not_taken_again(services: Services) -> None:
    placed = services.place(total=60)
    undeliverable = replace(placed, stage=Stage.UNDELIVERABLE)
    assert services.credits.execute_step(placed)
    assert [services.credits.execute_step(undeliverable) for _ in range(3)] == [True] * 3
    assert services.credits.execute_step(placed)  # what was answered then
    assert services.left() == 100


@pytest.mark.parametrize("refused_before", [True, False])
def test_credits_that_were_not_taken_cannot_be_given_back(services: Services, refused_before: bool) -> None:
    dear = services.place(total=160)
    if refused_before:
        assert not services.credits.execute_step(dear)
    with pytest.raises(NotFound):
        services.credits.execute_step(replace(dear, stage=Stage.UNDELIVERABLE))
    assert services.left() == 100


def test_a_buyer_that_nobody_knows_has_no_credits(services: Services) -> None:
    stranger = replace(services.place(), buyer="nobody")
    assert not services.credits.execute_step(stranger)
    assert services.users.find("nobody") is None


def test_an_event_that_comes_again_boosts_nothing_again(services: Services) -> None:
    services.posts.add(POSTS[0])
    paid = replace(services.place(), stage=Stage.PAID)
    assert [services.boosts.execute_step(paid, now=NOW + timedelta(hours=late)) for late in range(3)] == [True] * 3
    assert services.days() == [1]


def test_a_boost_stands_though_its_post_is_withdrawn(services: Services) -> None:
    services.posts.add(POSTS[0])
    paid = replace(services.place(), stage=Stage.PAID)
    assert services.boosts.execute_step(paid, now=NOW)
    services.posts.remove(POSTS[0])
    assert services.boosts.execute_step(paid, now=NOW)


def test_a_boost_that_was_refused_stays_refused(services: Services) -> None:
    paid = replace(services.place(), stage=Stage.PAID)
    assert not services.boosts.execute_step(paid, now=NOW)
    services.posts.add(POSTS[0])
    assert not services.boosts.execute_step(paid, now=NOW)
    assert services.days() == [0]


def test_a_boost_goes_on_where_one_ends_that_came_between_its_reading_and_its_writing(services: Services) -> None:
    services.posts.add(POSTS[0])
    first, second = (replace(services.place(number=number), stage=Stage.PAID) for number in (1, 2))
    mend = services.at_call(1, lambda: services.boosts.execute_step(second, now=NOW), of=".TransactWriteItems")
    assert services.boosts.execute_step(first, now=NOW)
    mend()
    assert services.days() == [2]


def test_no_post_is_boosted_where_one_is_withdrawn_between_reading_and_writing(services: Services) -> None:
    for post in POSTS[:3]:
        services.posts.add(post)
    paid = replace(services.place(posts=IDS[:3]), stage=Stage.PAID)
    mend = services.at_call(1, lambda: services.posts.remove(POSTS[1]), of=".TransactWriteItems")
    assert not services.boosts.execute_step(paid, now=NOW)
    mend()
    assert services.days() == [0, 0]


@pytest.mark.parametrize(
    ("service", "operation"), [("credits", "TransactWriteItems"), ("boosts", "TransactWriteItems")]
)
def test_a_transaction_that_meets_another_runs_again(services: Services, service: str, operation: str) -> None:
    services.posts.add(POSTS[0])
    refusal: Any = {"Error": {"Code": "TransactionCanceledException", "Message": ""}}
    refusal["CancellationReasons"] = [{"Code": "None"}, {"Code": "TransactionConflict"}]
    order = services.place()
    mend = services.at_call(1, raising(ClientError(refusal, operation)), of=f".{operation}")
    if service == "credits":
        assert services.credits.execute_step(order)
    else:
        assert services.boosts.execute_step(replace(order, stage=Stage.PAID), now=NOW)
    mend()
    assert (services.left(), services.days()) == ((90, [0]) if service == "credits" else (100, [1]))


def test_a_saga_that_meets_another_leaves_the_order_where_both_want_it(services: Services) -> None:
    order = services.place()
    mend = services.at_call(1, lambda: saga.handle_event(services.orders, outcome(order, done=True)), of=".UpdateItem")
    saga.handle_event(services.orders, outcome(order, done=False))
    mend()
    assert services.seen(order).stage == Stage.PAID


def test_news_of_a_stage_that_is_over_moves_no_order(services: Services) -> None:
    order = services.place()
    for stage, done in ((Stage.PAID, True), (Stage.PLACED, True), (Stage.PLACED, False), (Stage.UNPAID, False)):
        saga.handle_event(services.orders, outcome(replace(order, stage=stage), done=done))
    assert services.seen(order).stage == Stage.PAID


def test_news_of_an_order_that_nobody_placed_is_not_taken(services: Services) -> None:
    order = services.place()
    for unknown in (replace(order, id=IDS[1]), replace(order, buyer="bob")):
        with pytest.raises(NotFound):
            saga.handle_event(services.orders, outcome(unknown, done=True))


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
def test_what_is_no_event_is_not_taken(services: Services, event: str) -> None:
    with pytest.raises(msgspec.DecodeError):
        saga.handle_event(services.orders, event)
    with pytest.raises(msgspec.DecodeError):
        make_step_handler(services.publish, (Stage.PLACED,), execute_step=services.credits.execute_step)(event)


def test_what_tells_of_no_order_is_not_taken(services: Services) -> None:
    for untold in ({}, {"order_id": 1, "buyer": "ada", "stage": "placed", "done": True}):
        with pytest.raises(msgspec.ValidationError):
            saga.handle_event(services.orders, json.dumps({"type": "order.answered", **untold}))
        with pytest.raises(msgspec.ValidationError):
            make_step_handler(services.publish, (Stage.PLACED,), execute_step=services.credits.execute_step)(
                json.dumps({"type": "order.placed", **untold})
            )


def test_an_event_of_something_else_is_passed_over(services: Services) -> None:
    hear = make_step_handler(services.publish, (Stage.PLACED,), execute_step=services.credits.execute_step)
    for kind in ("order.paid", "order.rejected", "post.published", "placed"):
        hear(json.dumps({"type": kind}))
        saga.handle_event(services.orders, json.dumps({"type": kind}))
    assert "Messages" not in services.sqs.receive_message(QueueUrl=services.queue)


def test_the_outbox_tells_of_orders_and_of_nothing_else(services: Services) -> None:
    order, told = services.place(), []
    for item in services.items():
        relay_record(lambda kind, body: told.append((kind, body)), record("INSERT", item))
        relay_record(lambda kind, body: told.append((kind, body)), record("REMOVE", item))
    assert told == [("order.placed", msgspec.to_builtins(order))]


def record(name: str, item: dict[str, Any]) -> Record:
    image = "OldImage" if name == "REMOVE" else "NewImage"
    return {"eventName": name, "dynamodb": {"Keys": {key: item[key] for key in ("pk", "sk")}, image: item}}
