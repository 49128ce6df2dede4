"""Orders on the local AWS settle; an event that fails waits in a dead-letter queue, and one command redelivers it."""

import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import pytest

from tests.contract.client import Api, Json, Person

from .deployed_stage import DeployedStage

pytestmark = pytest.mark.live

PROJECT = Path(__file__).parents[2]
SETTLED_S = 3.0  # median
ORDERS = 10  # of ten credits each: all credits of a buyer
UNKNOWN = "01M7X1YXN3SBB3DZEFS5FNXBMV"


@pytest.fixture
def buyer(api: Api) -> Person:
    return api.join("buyer")


@pytest.fixture(scope="module")
def post_id(api: Api) -> str:
    new_id: str = api.published(api.join("author"))["id"]
    return new_id


def day(post_id: str) -> Json:
    return {"sku": "boost-1d", "post_id": post_id, "quantity": 1}


def dead_letters(stage: DeployedStage, api: Api, queue: str, about: str) -> list[str]:
    """Return the dead letters that contain this id, once there are some."""

    def find() -> list[str]:
        letters = stage.messages(f"{queue}-dead-letters", about)
        assert letters
        return [letter["Body"] for letter in letters]

    return api.eventually(find)


def test_half_of_the_orders_settle_within_three_seconds(api: Api, buyer: Person, post_id: str) -> None:
    api.order_settles(buyer, api.place(buyer, day(UNKNOWN)))  # so that the measured orders have no cold start
    durations = []
    for _ in range(ORDERS):
        began = time.monotonic()
        assert api.order_settles(buyer, api.place(buyer, day(post_id)))["status"] == "fulfilled"
        durations.append(time.monotonic() - began)
    assert median(durations) < SETTLED_S
    assert api.read_me(buyer).json()["credits"] == 0


def test_invalid_outcomes_become_dead_letters_and_orders_settle(
    stage: DeployedStage, api: Api, buyer: Person, post_id: str
) -> None:
    good = {"type": "order.answered", "order_id": UNKNOWN, "buyer": buyer.username, "stage": "placed", "done": True}
    invalid = [
        json.dumps(good),
        json.dumps(good | {"stage": "undeliverable", "done": False}),
        json.dumps(good | {"done": "yes"}),
        json.dumps(good | {"stage": "misspelt"}),
        json.dumps([UNKNOWN]),
        f"nonsense about {UNKNOWN}",
    ]
    with stage.fast_redelivery("orders-saga"):
        stage.send("orders-saga", *invalid)
        assert api.order_settles(buyer, api.place(buyer, day(post_id)))["status"] == "fulfilled"

        def are_dead_letters() -> None:
            assert sorted(dead_letters(stage, api, "orders-saga", UNKNOWN)) == sorted(invalid)

        api.eventually(are_dead_letters)


def test_an_order_with_a_dead_letter_waits_and_settles_after_a_replay(
    stage: DeployedStage, api: Api, buyer: Person
) -> None:
    post_id = api.published(buyer)["id"]
    key = {"pk": {"S": f"post#{post_id}"}, "sk": {"S": "post"}}
    with stage.fast_redelivery("posts-boosts"), stage.corrupted("posts", key, "boosted_until", {"N": "7"}):
        placed = api.place(buyer, day(post_id))
        order_id = placed.json()["id"]
        (letter,) = dead_letters(stage, api, "posts-boosts", order_id)
        assert json.loads(letter)["type"] == "order.paid"
        assert api.read_order(buyer, order_id).json()["status"] == "pending"
        assert api.read_me(buyer).json()["credits"] == 90

    ran = _replay(stage, "posts-boosts-dead-letters")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert api.order_settles(buyer, placed)["status"] == "fulfilled"
    assert api.post(post_id)["boosted_until"] is not None
    assert api.read_me(buyer).json()["credits"] == 90
    assert stage.messages("posts-boosts-dead-letters", order_id) == []


def test_an_order_that_the_event_relay_cannot_read_is_parked_and_settles_after_its_repair(
    stage: DeployedStage, api: Api, buyer: Person, post_id: str
) -> None:
    before = api.order_settles(buyer, api.place(buyer, day(post_id)))
    item = stage.get("orders", {"pk": {"S": f"buyer#{buyer.username}"}, "sk": {"S": before["id"]}})
    order_id = before["id"][:-4] + "0000"
    stage.put("orders", {**item, "sk": {"S": order_id}, "stage": {"S": "misspelt"}})

    def parked() -> None:
        reasons = [json.loads(message["Body"])["reason"] for message in stage.messages("orders-parking", order_id)]
        assert reasons == ["ValueError: 'misspelt' is not a valid Stage"]

    def settled() -> None:
        assert api.read_order(buyer, order_id).json()["status"] == "fulfilled"

    api.eventually(parked)
    stage.put("orders", {**item, "sk": {"S": order_id}, "stage": {"S": "placed"}})
    api.eventually(settled)
    stage.repair(
        "orders-parking", order_id, lambda record: record["dynamodb"]["NewImage"].update(stage={"S": "placed"})
    )
    assert stage.replay("orders-parking") >= 1  # published again, and not executed again
    last = api.order_settles(buyer, api.place(buyer, day(post_id)))
    assert last["status"] == "fulfilled"
    assert api.read_me(buyer).json()["credits"] == 70


def test_the_replay_command_prints_one_line_for_dead_letters_without_a_source_queue(stage: DeployedStage) -> None:
    with stage.temporary_queue("dead-letters") as queue:
        ran = _replay(stage, queue)
        assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (1, "", 1)
        assert stage.name(queue.removesuffix("-dead-letters")) in ran.stderr


def _replay(stage: DeployedStage, queue: str) -> subprocess.CompletedProcess[str]:
    options = [stage.name(queue), "--endpoint", stage.stack.emulator.endpoint]
    command = [sys.executable, "-m", "microservices.replay", *options]
    return subprocess.run(command, cwd=PROJECT, check=False, capture_output=True, text=True)
