"""Check what must hold once all events are handled, whatever was late, repeated, reordered or interrupted on the way."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from microservices.votes.leaderboard import DynamoLeaderboard
from shared_domain.contract.times import from_rfc3339
from shared_domain.votes import PAGE_LENGTH
from tests.contract.client import Api, Json
from tests.contract.record_sources import Record

from .random_users import RandomUsers

CREDITS = 100  # of a new user
DAYS = {"boost-1d": 1, "boost-7d": 7}
ALL = 100  # more than the users have of anything
NEXT_STAGES = {  # of an order: the stages that can follow each stage
    "placed": {"paid", "unpaid"},
    "paid": {"fulfilled", "undeliverable"},
    "unpaid": {"rejected"},
    "undeliverable": {"rejected"},
    "fulfilled": set(),
    "rejected": set(),
}
ROW = re.compile(r'data-post-id="(.+?)".*class="number">(.+?)</td></tr>')  # of the leaderboard's page
Orders = Mapping[str, Json]


def check_invariants(users: RandomUsers, api: Api, leaderboard: DynamoLeaderboard) -> None:
    """Raise AssertionError unless every score, boost, order and credit of the users is exact."""
    orders = {
        order["id"]: order for person in users.people for order in api.list_orders(person, limit=ALL).json()["items"]
    }
    _check_orders(users, orders)
    _check_credits(users, api, orders)
    _check_posts(users, api, orders)
    _check_index(users, api)
    _check_leaderboard(users, api, leaderboard)


def check_order_stages(records: Iterable[Record]) -> None:
    """Raise AssertionError if an order ever skipped a stage or went back, by the records of its table's stream."""
    stages: dict[str, str] = {}
    for image in (record.get("dynamodb", {}).get("NewImage", {}) for record in records):
        if "stage" in image:
            order, new = str(image["sk"]["S"]), str(image["stage"]["S"])
            old = stages.get(order)
            assert old is None or new in NEXT_STAGES[old], f"an order went from {old} to {new}"
            stages[order] = new


def _check_orders(users: RandomUsers, orders: Orders) -> None:
    assert orders.keys() == users.orders.keys()
    withdrawn = {post_id for post_id, post in users.posts.items() if not post.exists}
    for order in orders.values():
        posts = {line["post_id"] for line in order["lines"]}
        unknown = posts - users.posts.keys()
        possible = {
            ("fulfilled", None): not unknown,
            ("rejected", "post_not_found"): bool(unknown | posts & withdrawn),
            ("rejected", "insufficient_credits"): not unknown and _may_be_refused(order, users, orders),
        }
        assert possible.get((order["status"], order["reason"])), order


def _may_be_refused(order: Json, users: RandomUsers, orders: Orders) -> bool:
    """Return whether all orders of the buyer together cost more than the credits, so that one may have been refused."""
    buyer = users.orders[order["id"]]
    totals = [each["total_credits"] for each in orders.values() if users.orders[each["id"]] is buyer]
    return int(sum(totals)) > CREDITS


def _check_credits(users: RandomUsers, api: Api, orders: Orders) -> None:
    spent: Counter[str] = Counter()
    for order in orders.values():
        if order["status"] == "fulfilled":
            spent[users.orders[order["id"]].username] += order["total_credits"]
    left = {person.username: api.read_me(person).json()["credits"] for person in users.people}
    assert all(credits >= 0 for credits in left.values())
    assert {name: credits + spent[name] for name, credits in left.items()} == dict.fromkeys(left, CREDITS)


def _check_posts(users: RandomUsers, api: Api, orders: Orders) -> None:
    everything = {post["id"]: post for page in api.walk("/posts", limit=ALL) for post in page}
    shown = {post_id: post for post_id, post in everything.items() if post_id in users.posts}
    expected = {post_id: (post.title, post.score) for post_id, post in users.posts.items() if post.exists}
    assert {post_id: (post["title"], post["score"]) for post_id, post in shown.items()} == expected
    days = _boosted_days(orders)
    for post_id, post in shown.items():
        _check_boost(post, days[post_id], since=users.began)


def _boosted_days(orders: Orders) -> Counter[str]:
    days: Counter[str] = Counter()
    for order in orders.values():
        for line in order["lines"] if order["status"] == "fulfilled" else []:
            days[line["post_id"]] += DAYS[line["sku"]] * line["quantity"]
    return days


def _check_boost(post: Json, days: int, *, since: datetime) -> None:
    """Check the end of the boosts: the first counts from its moment, each later one from the end of the one before."""
    if not days:
        assert post["boosted_until"] is None, post
        return
    first = from_rfc3339(post["boosted_until"]) - timedelta(days=days)
    assert since <= first <= datetime.now(UTC), f"{post} was to be boosted by {days} days"


def _check_index(users: RandomUsers, api: Api) -> None:
    posts = [item["post"] for item in api.search(users.word, limit=ALL).json()["items"]]
    titles = {post["id"]: post["title"] for post in posts if post["id"] in users.posts}
    assert titles == {post_id: post.title for post_id, post in users.posts.items() if post.exists}


def _check_leaderboard(users: RandomUsers, api: Api, leaderboard: DynamoLeaderboard) -> None:
    existing = {post_id: post for post_id, post in users.posts.items() if post.exists}
    for post_id, post in users.posts.items():
        score = leaderboard.get_score(post_id)
        assert score.state == ("live" if post.exists else "withdrawn")
        assert not post.exists or (score.title, score.score) == (post.title, post.score)
    ranked = sorted(existing, key=lambda post_id: (-existing[post_id].score, post_id))
    expected = [(post_id, existing[post_id].title, existing[post_id].score) for post_id in ranked]
    items = api.leaderboard(limit=ALL).json()["items"]
    shown = [(item["post_id"], item["title"], item["score"]) for item in items if item["post_id"] in users.posts]
    page = ROW.findall(api.send("GET", "/leaderboard.html").text)
    assert page == [(item["post_id"], str(item["score"])) for item in items[:PAGE_LENGTH]]
    full = len(items) == ALL  # then posts of other users may displace the last ones
    assert shown == (expected[: len(shown)] if full else expected)
