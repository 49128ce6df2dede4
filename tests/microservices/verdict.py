"""What must be true once everything has arrived, whatever came late, twice, out of turn or was cut off in between."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3

from microservices.votes.board import DynamoBoard
from shared_domain.contract.times import read
from tests.contract.client import Api, Json
from tests.contract.cloud import STAGE
from tests.contract.makers import REGION

from .histories import History

CREDITS = 100  # of everybody, at first
DAYS = {"boost-1d": 1, "boost-7d": 7}
ALL = 100


def judge(history: History) -> None:
    """Raise AssertionError unless every tally, boost, order and credit is exact, and every queue empty."""
    world = history.world
    api = world.api(world.gateway.serve)
    orders = {
        order["id"]: order for person in world.people for order in api.list_orders(person, limit=ALL).json()["items"]
    }
    _judge_posts(history, api, orders)
    _judge_board(history, api)
    _judge_orders(history, orders)
    _judge_credits(history, api, orders)
    assert world.messages() == {}, "messages are left, or given up"


def _judge_posts(history: History, api: Api, orders: dict[str, Json]) -> None:
    shown = {post["id"]: post for post in api.list_posts(limit=ALL).json()["items"]}
    living = {post_id: post for post_id, post in history.posts.items() if post.lives}
    assert {post_id: post["score"] for post_id, post in shown.items()} == {
        post_id: post.score for post_id, post in living.items()
    }
    found = {item["post"]["id"]: item["post"]["title"] for item in api.search("post", limit=ALL).json()["items"]}
    assert found == {post_id: post.title for post_id, post in living.items()}
    days = _boosted(orders)
    for post_id, post in shown.items():
        _judge_boost(post, days[post_id], since=history.began)


def _judge_boost(post: Json, days: int, *, since: datetime) -> None:
    """The first boost counts from its moment, and each of the others from where the last one ends."""
    if not days:
        assert post["boosted_until"] is None
        return
    first = read(post["boosted_until"]) - timedelta(days=days)
    assert since <= first <= datetime.now(UTC), f"{post} was to be boosted by {days} days"


def _judge_board(history: History, api: Api) -> None:
    living = [(post_id, post.title, post.score) for post_id, post in history.posts.items() if post.lives]
    expected = sorted(living, key=lambda each: (-each[2], each[0]))
    shown = api.leaderboard(limit=ALL).json()["items"]
    assert [(item["post_id"], item["title"], item["score"]) for item in shown] == expected
    board = DynamoBoard(boto3.client("dynamodb", region_name=REGION), f"{STAGE}-votes").top(ALL)
    assert [(each.post_id, each.title, each.score) for each in board] == expected


def _judge_orders(history: History, orders: dict[str, Json]) -> None:
    assert orders.keys() == history.orders.keys()
    gone = {post_id for post_id, post in history.posts.items() if not post.lives}
    for order in orders.values():
        posts = {line["post_id"] for line in order["lines"]}
        unknown = posts - history.posts.keys()
        expected = {
            ("fulfilled", None): not unknown,
            ("rejected", "post_not_found"): bool(unknown | posts & gone),
            ("rejected", "insufficient_credits"): not unknown and _could_be_short(order, history, orders),
        }
        assert expected.get((order["status"], order["reason"])), order


def _could_be_short(order: Json, history: History, orders: dict[str, Json]) -> bool:
    """Tell whether the buyer's other orders could have held so much that this one could not be paid."""
    buyer = history.orders[order["id"]].username
    others = [each for each in orders.values() if history.orders[each["id"]].username == buyer]
    return sum(int(each["total_credits"]) for each in others) > CREDITS


def _judge_credits(history: History, api: Api, orders: dict[str, Json]) -> None:
    spent: Counter[str] = Counter()
    for order in orders.values():
        if order["status"] == "fulfilled":
            spent[history.orders[order["id"]].username] += order["total_credits"]
    left = {person.username: api.read_me(person).json()["credits"] for person in history.world.people}
    assert all(credits >= 0 for credits in left.values())
    assert {name: credits + spent[name] for name, credits in left.items()} == dict.fromkeys(left, CREDITS)


def _boosted(orders: dict[str, Any]) -> Counter[str]:
    days: Counter[str] = Counter()
    for order in orders.values():
        for line in order["lines"] if order["status"] == "fulfilled" else []:
            days[line["post_id"]] += DAYS[line["sku"]] * line["quantity"]
    return days
