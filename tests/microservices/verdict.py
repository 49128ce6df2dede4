"""What must be true once everything has arrived, whatever came late, twice, out of turn or was cut off in between."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from microservices.votes.leaderboard import DynamoLeaderboard
from shared_domain.contract.times import from_rfc3339
from shared_domain.votes import PAGE_LENGTH
from tests.contract.client import Api, Json
from tests.contract.record_sources import Record

from .crowd import Crowd

CREDITS = 100  # of everybody, at first
DAYS = {"boost-1d": 1, "boost-7d": 7}
ALL = 100  # more than a crowd has of anything
COURSE = {  # of an order: each stage, and where it can go from there
    "placed": {"paid", "unpaid"},
    "paid": {"fulfilled", "undeliverable"},
    "unpaid": {"rejected"},
    "undeliverable": {"rejected"},
    "fulfilled": set(),
    "rejected": set(),
}
ROW = re.compile(r'data-post-id="(.+?)".*class="number">(.+?)</td></tr>')  # of the leaderboard's page
Orders = Mapping[str, Json]


def judge(crowd: Crowd, api: Api, board: DynamoLeaderboard) -> None:
    """Raise AssertionError unless every score, tally, boost, order and credit of the crowd is exact."""
    orders = {
        order["id"]: order for person in crowd.people for order in api.list_orders(person, limit=ALL).json()["items"]
    }
    _judge_orders(crowd, orders)
    _judge_credits(crowd, api, orders)
    _judge_posts(crowd, api, orders)
    _judge_index(crowd, api)
    _judge_board(crowd, api, board)


def judge_courses(told: Iterable[Record]) -> None:
    """Raise AssertionError if an order ever went elsewhere than forward, by what the stream told of it."""
    courses: dict[str, str] = {}
    for image in (record.get("dynamodb", {}).get("NewImage", {}) for record in told):
        if "stage" in image:
            order, new = str(image["sk"]["S"]), str(image["stage"]["S"])
            old = courses.get(order)
            assert old is None or new in COURSE[old], f"an order went from {old} to {new}"
            courses[order] = new


def _judge_orders(crowd: Crowd, orders: Orders) -> None:
    assert orders.keys() == crowd.orders.keys()
    gone = {post_id for post_id, post in crowd.posts.items() if not post.lives}
    for order in orders.values():
        posts = {line["post_id"] for line in order["lines"]}
        unknown = posts - crowd.posts.keys()
        possible = {
            ("fulfilled", None): not unknown,
            ("rejected", "post_not_found"): bool(unknown | posts & gone),
            ("rejected", "insufficient_credits"): not unknown and _may_be_short(order, crowd, orders),
        }
        assert possible.get((order["status"], order["reason"])), order


def _may_be_short(order: Json, crowd: Crowd, orders: Orders) -> bool:
    """Tell whether the buyer's other orders can have held so much at one time that this one was not to be paid."""
    buyer = crowd.orders[order["id"]]
    asked = [each["total_credits"] for each in orders.values() if crowd.orders[each["id"]] is buyer]
    return int(sum(asked)) > CREDITS


def _judge_credits(crowd: Crowd, api: Api, orders: Orders) -> None:
    spent: Counter[str] = Counter()
    for order in orders.values():
        if order["status"] == "fulfilled":
            spent[crowd.orders[order["id"]].username] += order["total_credits"]
    left = {person.username: api.read_me(person).json()["credits"] for person in crowd.people}
    assert all(credits >= 0 for credits in left.values())
    assert {name: credits + spent[name] for name, credits in left.items()} == dict.fromkeys(left, CREDITS)


def _judge_posts(crowd: Crowd, api: Api, orders: Orders) -> None:
    everything = {post["id"]: post for page in api.walk("/posts", limit=ALL) for post in page}
    shown = {post_id: post for post_id, post in everything.items() if post_id in crowd.posts}
    expected = {post_id: (post.title, post.score) for post_id, post in crowd.posts.items() if post.lives}
    assert {post_id: (post["title"], post["score"]) for post_id, post in shown.items()} == expected
    days = _boosted(orders)
    for post_id, post in shown.items():
        _judge_boost(post, days[post_id], since=crowd.began)


def _boosted(orders: Orders) -> Counter[str]:
    days: Counter[str] = Counter()
    for order in orders.values():
        for line in order["lines"] if order["status"] == "fulfilled" else []:
            days[line["post_id"]] += DAYS[line["sku"]] * line["quantity"]
    return days


def _judge_boost(post: Json, days: int, *, since: datetime) -> None:
    """The first boost counts from its moment, and each of the others from where the last one ends."""
    if not days:
        assert post["boosted_until"] is None, post
        return
    first = from_rfc3339(post["boosted_until"]) - timedelta(days=days)
    assert since <= first <= datetime.now(UTC), f"{post} was to be boosted by {days} days"


def _judge_index(crowd: Crowd, api: Api) -> None:
    posts = [item["post"] for item in api.search(crowd.word, limit=ALL).json()["items"]]
    found = {post["id"]: post["title"] for post in posts if post["id"] in crowd.posts}
    assert found == {post_id: post.title for post_id, post in crowd.posts.items() if post.lives}


def _judge_board(crowd: Crowd, api: Api, board: DynamoLeaderboard) -> None:
    living = {post_id: post for post_id, post in crowd.posts.items() if post.lives}
    for post_id, post in crowd.posts.items():
        tally = board.get_score(post_id)
        assert tally.state == ("live" if post.lives else "withdrawn")
        assert not post.lives or (tally.title, tally.score) == (post.title, post.score)
    rank_by_views = sorted(living, key=lambda post_id: (-living[post_id].score, post_id))
    expected = [(post_id, living[post_id].title, living[post_id].score) for post_id in rank_by_views]
    items = api.leaderboard(limit=ALL).json()["items"]
    shown = [(item["post_id"], item["title"], item["score"]) for item in items if item["post_id"] in crowd.posts]
    page = ROW.findall(api.send("GET", "/leaderboard.html").text)
    assert page == [(item["post_id"], str(item["score"])) for item in items[:PAGE_LENGTH]]
    full = len(items) == ALL  # then others may stand before the crowd's last posts
    assert shown == (expected[: len(shown)] if full else expected)
