"""What each function that an event wakes is handed in test_aws_events.py, function by function."""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from tests.contract.images import PNG, png
from tests.contract.resources import ACCOUNT
from tests.contract.site_repository import REPOSITORY_ARN

from .aws_events import Record, event, messages, objects, pushes, views
from .aws_world import STAGE, AwsWorld

AVATARS = f"{STAGE}-avatars-{ACCOUNT}"
SITE = f"{STAGE}-site-files-{ACCOUNT}"


@dataclass(frozen=True, slots=True)
class Case:
    """What a function is handed: records of its trade, records that it must pass over, one that nobody could handle.

    `done` asserts that the first were handled. `parking` is the queue of what was set aside; without one a bad record comes again.
    """

    good: Callable[[AwsWorld], list[Record]]
    foreign: Callable[[AwsWorld], list[Record]]
    bad: Callable[[AwsWorld], Record]
    done: Callable[[AwsWorld], None]
    parking: str | None = None


# --- streams of tables ---


def _broken(records: list[Record], *, of: str, without: str) -> Record:
    """Return a record of a kind of item, about another item, without something that it should say."""
    found = [each for each in records if of in "/".join(key["S"] for key in each["dynamodb"]["Keys"].values())]
    record = copy.deepcopy(next(each for each in found if "NewImage" in each["dynamodb"]))
    record["dynamodb"]["Keys"]["pk"]["S"] += "BAD"
    del record["dynamodb"]["NewImage"][without]
    return record


def _of_another_kind(records: list[Record]) -> list[Record]:
    """Return a record of an item that nobody of us writes."""
    record = copy.deepcopy(records[0])
    record["dynamodb"]["Keys"] = {"pk": {"S": "lock#1"}, "sk": {"S": "lock"}}
    return [record]


def _published_lock(world: AwsWorld) -> str:
    (record,) = _of_another_kind(world.of_posts)
    return json.dumps({"type": "post.published", **record})


def _found(world: AwsWorld) -> None:
    found = {item["post"]["id"]: item["post"]["title"] for item in world.api.search("snail").json()["items"]}
    assert found == {world.first: "Snail revised", world.second: "Snail two"}


def _published(world: AwsWorld) -> None:
    kinds = [json.loads(told)["type"] for told in world.events("post.")]
    assert [kinds.count(f"post.{kind}") for kind in ("published", "revised", "withdrawn")] == [3, 1, 1]


def _on_board(world: AwsWorld) -> None:
    entries = {item["post_id"]: item for item in world.api.leaderboard().json()["items"]}
    assert entries[world.first]["title"] == "Snail revised"
    assert world.gone not in entries


def _counted(world: AwsWorld) -> None:
    told = [json.loads(each) for each in world.events("score.changed")]
    assert {each["post_id"]: each["score"] for each in told} == {world.first: 1, world.second: 0}


# --- queues ---


def _told_of_the_order(world: AwsWorld) -> None:
    (event,) = {json.loads(told)["id"] for told in world.events("order.placed")}
    assert event == world.order["id"]


def _paid_for(world: AwsWorld) -> None:
    assert world.api.read_me(world.ada).json()["credits"] == 90
    told = [json.loads(each) for each in world.events("order.answered")]
    assert {(each["order_id"], each["stage"], each["done"]) for each in told} >= {(world.order["id"], "placed", True)}


def _gone_on(world: AwsWorld) -> None:
    assert len(world.paid) == 1


def _boosted(world: AwsWorld) -> None:
    until = world.api.post(world.first)["boosted_until"]
    assert until.startswith(str(date.today() + timedelta(days=1)))


def _scored(world: AwsWorld) -> None:
    assert world.api.post(world.first)["score"] == 41


def _tally(post_id: str) -> str:
    return json.dumps({"type": "score.changed", "post_id": post_id, "score": 41, "version": 1000})


def _no_message(world: AwsWorld) -> Record:
    return messages(["no JSON"])[0]


# --- views, pictures, pushes ---


def _ranked(world: AwsWorld) -> None:
    assert {each["post_id"]: each["views"] for each in world.api.trending().json()["items"]} == {
        world.first: 2,
        world.second: 1,
    }


@cache
def _picture(world: AwsWorld) -> str:
    assert world.api.upload_avatar(world.ada, png()).status_code == 202
    return next(key for key in world.keys(AVATARS) if key.startswith(f"originals/{world.ada.username}/"))


def _no_picture(world: AwsWorld) -> Record:
    key = f"originals/{world.bob.username}/01ARZ3NDEKTSV4RRFFQ69G5FAV"
    world.put(AVATARS, key, b"no picture")
    return objects([key])[0]


def _shown(world: AwsWorld) -> None:
    answer = world.api.read_avatar(world.ada.username)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, PNG)


def _site_is_there(world: AwsWorld) -> None:
    assert world.api.send("GET", "/site/index.html").status_code == 200


def _push_to_an_empty_bucket(world: AwsWorld) -> list[Record]:
    world.empty(SITE)
    return pushes(["refs/heads/main"], repository_arn=REPOSITORY_ARN)


def _other_pushes(world: AwsWorld) -> list[Record]:
    others = pushes(["refs/heads/other", "refs/tags/main"], repository_arn=REPOSITORY_ARN)
    return [*others, *pushes(["refs/heads/main"], repository_arn=f"{REPOSITORY_ARN}-of-somebody-else")]


def _no_push(world: AwsWorld) -> Record:
    (record,) = pushes(["refs/heads/main"], repository_arn=REPOSITORY_ARN)
    return record | {"codecommit": {}}


CASES = {
    "search-projection": Case(
        good=lambda world: world.of_posts,
        foreign=lambda world: _of_another_kind(world.of_posts),
        bad=lambda world: _broken(world.of_posts, of="/post", without="title"),
        done=_found,
        parking="search-parking",
    ),
    "posts-event-relay": Case(
        good=lambda world: world.of_posts,
        foreign=lambda world: _of_another_kind(world.of_posts),
        bad=lambda world: _broken(world.of_posts, of="/post", without="title") | {"eventName": "MODIFY"},
        done=_published,
        parking="posts-parking",
    ),
    "votes-projection": Case(
        good=lambda world: world.of_votes,
        foreign=lambda world: _of_another_kind(world.of_votes),
        bad=lambda world: _broken(world.of_votes, of="/vote#", without="value"),
        done=_counted,
        parking="votes-parking",
    ),
    "orders-event-relay": Case(
        good=lambda world: world.of_orders,
        foreign=lambda world: _of_another_kind(world.of_orders),
        bad=lambda world: _broken(world.of_orders, of="buyer#", without="stage"),
        done=_told_of_the_order,
        parking="orders-parking",
    ),
    "votes-post-events": Case(
        good=lambda world: messages(world.post_events),
        foreign=lambda world: messages([_published_lock(world), *world.placed]),
        bad=_no_message,
        done=_on_board,
    ),
    "posts-scores": Case(
        good=lambda world: messages([_tally(world.first)]),
        foreign=lambda world: messages([_tally(world.gone), *world.placed]),
        bad=_no_message,
        done=_scored,
    ),
    "users-credits": Case(
        good=lambda world: messages(world.placed),
        foreign=lambda world: messages(world.post_events),
        bad=_no_message,
        done=_paid_for,
    ),
    "orders-saga": Case(
        good=lambda world: messages(world.outcomes),
        foreign=lambda world: messages([world.outcomes[0].replace("placed", "unpaid"), *world.placed]),
        bad=_no_message,
        done=_gone_on,
    ),
    "posts-boosts": Case(
        good=lambda world: messages(world.paid),
        foreign=lambda world: messages(world.placed),
        bad=_no_message,
        done=_boosted,
    ),
    "trending-projection": Case(
        good=lambda world: views(world.of_views),
        foreign=lambda world: [],
        bad=lambda world: views([*world.of_views, b"no JSON"])[-1],
        done=_ranked,
        parking="trending-parking",
    ),
    "avatars-thumbnails": Case(
        good=lambda world: objects([_picture(world)]),
        foreign=lambda world: [
            *event("s3_object_created")["Records"],
            *objects([_picture(world)], name="ObjectRemoved:Delete"),
        ],
        bad=_no_picture,
        done=_shown,
        parking="avatars-parking",
    ),
    "site-publisher": Case(
        good=_push_to_an_empty_bucket,
        foreign=_other_pushes,
        bad=_no_push,
        done=_site_is_there,
        parking="site-parking",
    ),
}
