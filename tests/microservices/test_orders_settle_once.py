"""An order charges once and boosts once, although events are repeated and reordered and functions end at any point."""

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

MOST_CALLS = 28  # calls of stores, topic and queue on the longest path to settle an order


@pytest.fixture(scope="module")
def clients() -> Iterator[list[Any]]:
    """Create the clients once, because it is slow."""
    with aws_in_process():
        yield [boto3.client(service, region_name="us-east-1") for service in ("dynamodb", "sqs", "sns")]


@pytest.fixture
def services(clients: list[Any]) -> Services:
    return Services(*clients)


@pytest.mark.slow
@pytest.mark.parametrize("step", [2, pytest.param(1, marks=pytest.mark.deep)], ids=["every second call", "every call"])
@pytest.mark.parametrize(
    ("total", "there", "reason"),
    [
        (30, True, None),
        (30, False, Reason.POST_NOT_FOUND),
        (130, True, Reason.INSUFFICIENT_CREDITS),
        (130, False, Reason.POST_NOT_FOUND),
    ],
)
def test_an_order_settles_if_a_function_ends_at_any_call(
    clients: list[Any], total: int, there: bool, reason: Reason | None, step: int
) -> None:
    for call in range(1, MOST_CALLS + 1, step):
        services = Services(*clients)
        for post in POSTS[:2] if there else POSTS[1:2]:
            services.posts.add(post)
        order = services.place(total=total, posts=IDS[:2])
        undo = services.at_call(call, raising(KeyboardInterrupt("the function ends here")))
        with suppress(KeyboardInterrupt):
            services.settle(order)
        undo()
        settled = services.settle(order)
        assert settled.reason == reason, call
        assert services.credits_left() == (70 if reason is None else 100), call
        assert set(services.days()) == ({1} if reason is None else {0}), call


def test_the_longest_way_to_settle_makes_as_many_calls_as_the_test_above_interrupts(services: Services) -> None:
    calls: list[str] = []
    order = services.place(posts=IDS)
    undo = services.at_call(None, lambda: calls.append("a call"))
    services.settle(order)
    undo()
    assert len(calls) == MOST_CALLS


def test_a_repeated_event_debits_no_credits_again(services: Services) -> None:
    placed = services.place(total=60)
    assert [services.credits.execute_step(placed) for _ in range(3)] == [True] * 3
    assert services.credits_left() == 40


def test_a_refused_order_stays_refused_after_a_refund(services: Services) -> None:
    first, second = services.place(total=60, number=1), services.place(total=50, number=2)
    assert services.credits.execute_step(first)
    assert not services.credits.execute_step(second)
    assert services.credits.execute_step(replace(first, stage=Stage.UNDELIVERABLE))
    assert services.credits_left() == 100
    assert not services.credits.execute_step(second)
    assert services.credits_left() == 100


def test_credits_are_refunded_once_and_not_debited_again(services: Services) -> None:
    placed = services.place(total=60)
    undeliverable = replace(placed, stage=Stage.UNDELIVERABLE)
    assert services.credits.execute_step(placed)
    assert [services.credits.execute_step(undeliverable) for _ in range(3)] == [True] * 3
    assert services.credits.execute_step(placed)  # the outcome of the first event
    assert services.credits_left() == 100


@pytest.mark.parametrize("refused_before", [True, False])
def test_credits_that_were_not_debited_cannot_be_refunded(services: Services, refused_before: bool) -> None:
    expensive = services.place(total=160)
    if refused_before:
        assert not services.credits.execute_step(expensive)
    with pytest.raises(NotFound):
        services.credits.execute_step(replace(expensive, stage=Stage.UNDELIVERABLE))
    assert services.credits_left() == 100


def test_an_unknown_buyer_has_no_credits(services: Services) -> None:
    stranger = replace(services.place(), buyer="nobody")
    assert not services.credits.execute_step(stranger)
    assert services.users.find("nobody") is None


def test_a_repeated_event_boosts_no_post_again(services: Services) -> None:
    services.posts.add(POSTS[0])
    paid = replace(services.place(), stage=Stage.PAID)
    assert [services.boosts.execute_step(paid, now=NOW + timedelta(hours=late)) for late in range(3)] == [True] * 3
    assert services.days() == [1]


def test_a_boosted_order_stays_fulfilled_after_its_post_is_withdrawn(services: Services) -> None:
    services.posts.add(POSTS[0])
    paid = replace(services.place(), stage=Stage.PAID)
    assert services.boosts.execute_step(paid, now=NOW)
    services.posts.remove(POSTS[0])
    assert services.boosts.execute_step(paid, now=NOW)


def test_a_refused_boost_stays_refused(services: Services) -> None:
    paid = replace(services.place(), stage=Stage.PAID)
    assert not services.boosts.execute_step(paid, now=NOW)
    services.posts.add(POSTS[0])
    assert not services.boosts.execute_step(paid, now=NOW)
    assert services.days() == [0]


def test_a_boost_starts_at_the_end_of_one_that_was_written_between_its_read_and_write(services: Services) -> None:
    services.posts.add(POSTS[0])
    first, second = (replace(services.place(number=number), stage=Stage.PAID) for number in (1, 2))
    undo = services.at_call(1, lambda: services.boosts.execute_step(second, now=NOW), of=".TransactWriteItems")
    assert services.boosts.execute_step(first, now=NOW)
    undo()
    assert services.days() == [2]


def test_no_post_is_boosted_if_one_is_withdrawn_between_read_and_write(services: Services) -> None:
    for post in POSTS[:3]:
        services.posts.add(post)
    paid = replace(services.place(posts=IDS[:3]), stage=Stage.PAID)
    undo = services.at_call(1, lambda: services.posts.remove(POSTS[1]), of=".TransactWriteItems")
    assert not services.boosts.execute_step(paid, now=NOW)
    undo()
    assert services.days() == [0, 0]


@pytest.mark.parametrize(
    ("service", "operation"), [("credits", "TransactWriteItems"), ("boosts", "TransactWriteItems")]
)
def test_a_transaction_conflict_is_retried(services: Services, service: str, operation: str) -> None:
    services.posts.add(POSTS[0])
    refusal: Any = {"Error": {"Code": "TransactionCanceledException", "Message": ""}}
    refusal["CancellationReasons"] = [{"Code": "None"}, {"Code": "TransactionConflict"}]
    order = services.place()
    undo = services.at_call(1, raising(ClientError(refusal, operation)), of=f".{operation}")
    if service == "credits":
        assert services.credits.execute_step(order)
    else:
        assert services.boosts.execute_step(replace(order, stage=Stage.PAID), now=NOW)
    undo()
    assert (services.credits_left(), services.days()) == ((90, [0]) if service == "credits" else (100, [1]))


def test_of_two_concurrent_outcomes_the_first_one_advances_the_order(services: Services) -> None:
    order = services.place()
    undo = services.at_call(1, lambda: saga.handle_event(services.orders, outcome(order, done=True)), of=".UpdateItem")
    saga.handle_event(services.orders, outcome(order, done=False))
    undo()
    assert services.get(order).stage == Stage.PAID


def test_an_outcome_of_an_earlier_stage_changes_no_order(services: Services) -> None:
    order = services.place()
    for stage, done in ((Stage.PAID, True), (Stage.PLACED, True), (Stage.PLACED, False), (Stage.UNPAID, False)):
        saga.handle_event(services.orders, outcome(replace(order, stage=stage), done=done))
    assert services.get(order).stage == Stage.PAID


def test_an_outcome_of_an_unknown_order_is_not_found(services: Services) -> None:
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
def test_a_malformed_event_raises(services: Services, event: str) -> None:
    with pytest.raises(msgspec.DecodeError):
        saga.handle_event(services.orders, event)
    with pytest.raises(msgspec.DecodeError):
        make_step_handler(services.publish, (Stage.PLACED,), execute_step=services.credits.execute_step)(event)


def test_an_event_without_an_order_raises(services: Services) -> None:
    for malformed in ({}, {"order_id": 1, "buyer": "ada", "stage": "placed", "done": True}):
        with pytest.raises(msgspec.ValidationError):
            saga.handle_event(services.orders, json.dumps({"type": "order.answered", **malformed}))
        with pytest.raises(msgspec.ValidationError):
            make_step_handler(services.publish, (Stage.PLACED,), execute_step=services.credits.execute_step)(
                json.dumps({"type": "order.placed", **malformed})
            )


def test_an_event_of_another_type_is_ignored(services: Services) -> None:
    handle_event = make_step_handler(services.publish, (Stage.PLACED,), execute_step=services.credits.execute_step)
    for kind in ("order.paid", "order.rejected", "post.published", "placed"):
        handle_event(json.dumps({"type": kind}))
        saga.handle_event(services.orders, json.dumps({"type": kind}))
    assert "Messages" not in services.sqs.receive_message(QueueUrl=services.queue)


def test_the_event_relay_publishes_orders_and_nothing_else(services: Services) -> None:
    order, published = services.place(), []
    for item in services.items():
        relay_record(lambda kind, body: published.append((kind, body)), record("INSERT", item))
        relay_record(lambda kind, body: published.append((kind, body)), record("REMOVE", item))
    assert published == [("order.placed", msgspec.to_builtins(order))]


def record(name: str, item: dict[str, Any]) -> Record:
    image = "OldImage" if name == "REMOVE" else "NewImage"
    return {"eventName": name, "dynamodb": {"Keys": {key: item[key] for key in ("pk", "sk")}, image: item}}
