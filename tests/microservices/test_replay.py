"""The replay command redelivers every message that a queue has, although a receive may return none of them."""

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from microservices.replay import count_messages, replay
from tests.moto_aws import aws_in_process

PARKED = json.dumps({"function": "follower", "reason": "a fault", "record": {"eventID": "1"}})


@pytest.fixture
def sqs() -> Iterator[Any]:
    """Yield a client of SQS with a queue, its dead-letter queue and that of its subscription, and a parking queue."""
    with aws_in_process():
        client = boto3.client("sqs", region_name="us-east-1")
        for name, messages in (
            ("follower-parking", 3),
            ("follower-dead-letters", 1),
            ("follower-undelivered", 1),
            ("follower", 0),
        ):
            url = client.create_queue(QueueName=name)["QueueUrl"]
            for _ in range(messages):
                client.send_message(QueueUrl=url, MessageBody=PARKED)
        yield client


class Functions:
    """Lambda's API. It records the events."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    def invoke(self, *, FunctionName: str, Payload: str) -> dict[str, Any]:  # noqa: N803  boto3's names
        self.events.append((FunctionName, json.loads(Payload)))
        return {}


def return_nothing(sqs: Any, *, until_calls: int, from_short_polls_only: bool) -> list[int]:
    """Let the first receives, or all short polls, return no message. Return a list that holds their wait times."""
    waits: list[int] = []

    def receive(params: dict[str, Any], **_: object) -> tuple[Any, dict[str, Any]] | None:
        waits.append(int(json.loads(params["body"]).get("WaitTimeSeconds", 0)))
        is_short = waits[-1] == 0
        empty = is_short if from_short_polls_only else len(waits) <= until_calls
        return (SimpleNamespace(status_code=200), {}) if empty else None

    sqs.meta.events.register("before-call.sqs.ReceiveMessage", receive)
    return waits


@pytest.mark.parametrize("from_short_polls_only", [True, False], ids=["every short poll", "the first receives"])
def test_a_receive_without_messages_does_not_end_the_replay(sqs: Any, from_short_polls_only: bool) -> None:
    waits = return_nothing(sqs, until_calls=2, from_short_polls_only=from_short_polls_only)
    functions = Functions()
    assert replay(sqs, functions, "follower-parking") == 3
    assert functions.events == [("follower", {"Records": [{"eventID": "1"}]})] * 3
    assert count_messages(sqs, "follower-parking") == 0
    assert min(waits) > 0


def test_a_queue_that_returns_nothing_ends_the_replay_and_its_messages_are_counted(sqs: Any) -> None:
    return_nothing(sqs, until_calls=100, from_short_polls_only=False)
    assert replay(sqs, Functions(), "follower-parking") == 0
    assert count_messages(sqs, "follower-parking") == 3


def test_messages_in_flight_are_counted(sqs: Any) -> None:
    url = sqs.get_queue_url(QueueName="follower-parking")["QueueUrl"]
    sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=2)
    assert count_messages(sqs, "follower-parking") == 3


def test_a_record_that_is_parked_again_is_redelivered_once(sqs: Any) -> None:
    class Parking(Functions):
        def invoke(self, **arguments: Any) -> dict[str, Any]:
            url = sqs.get_queue_url(QueueName="follower-parking")["QueueUrl"]
            sqs.send_message(QueueUrl=url, MessageBody=PARKED)
            return super().invoke(**arguments)

    assert replay(sqs, Parking(), "follower-parking") == 3
    assert count_messages(sqs, "follower-parking") == 3


def test_a_dead_letter_returns_to_its_queue(sqs: Any) -> None:
    assert replay(sqs, Functions(), "follower-dead-letters") == 1
    assert count_messages(sqs, "follower") == 1


def test_an_event_that_the_topic_could_not_deliver_is_sent_to_the_queue_of_the_subscription(sqs: Any) -> None:
    assert replay(sqs, Functions(), "follower-undelivered") == 1
    assert (count_messages(sqs, "follower-undelivered"), count_messages(sqs, "follower")) == (0, 1)
