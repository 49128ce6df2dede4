"""The events that test_aws_events.py passes to each function with an event source."""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from tests.contract.images import PNG, png
from tests.contract.resources import ACCOUNT, REGION
from tests.contract.site_repository import REPOSITORY_ARN

from .aws_events import Record, event, object_notifications, push_records, queue_messages, view_records
from .event_scenario import STAGE, EventScenario

AVATARS = f"{STAGE}-avatars-{ACCOUNT}-{REGION}"
SITE = f"{STAGE}-site-files-{ACCOUNT}-{REGION}"


@dataclass(frozen=True, slots=True)
class Case:
    """The records for one function: good ones to handle, foreign ones to ignore, and a bad one that cannot be handled.

    `done` asserts that the good ones were handled. `parking` is the queue for bad records; without one they are redelivered.
    """

    good: Callable[[EventScenario], list[Record]]
    foreign: Callable[[EventScenario], list[Record]]
    bad: Callable[[EventScenario], Record]
    done: Callable[[EventScenario], None]
    parking: str | None = None


# --- streams of tables ---


def _broken(records: list[Record], *, of: str, without: str) -> Record:
    """Return a record of a new item of this kind in which one attribute is missing."""
    matching = [each for each in records if of in "/".join(key["S"] for key in each["dynamodb"]["Keys"].values())]
    record = copy.deepcopy(next(each for each in matching if "NewImage" in each["dynamodb"]))
    record["dynamodb"]["Keys"]["pk"]["S"] += "BAD"
    del record["dynamodb"]["NewImage"][without]
    return record


def _of_another_kind(records: list[Record]) -> list[Record]:
    """Return a record of an item that no service writes."""
    record = copy.deepcopy(records[0])
    record["dynamodb"]["Keys"] = {"pk": {"S": "lock#1"}, "sk": {"S": "lock"}}
    return [record]


def _published_lock(scenario: EventScenario) -> str:
    (record,) = _of_another_kind(scenario.post_records)
    return json.dumps({"type": "post.published", **record})


def _is_found(scenario: EventScenario) -> None:
    titles = {item["post"]["id"]: item["post"]["title"] for item in scenario.api.search("snail").json()["items"]}
    assert titles == {scenario.first: "Snail revised", scenario.second: "Snail two"}


def _is_published(scenario: EventScenario) -> None:
    types = [json.loads(event)["type"] for event in scenario.events("post.")]
    assert [types.count(f"post.{kind}") for kind in ("published", "revised", "withdrawn")] == [3, 1, 1]


def _is_on_leaderboard(scenario: EventScenario) -> None:
    entries = {item["post_id"]: item for item in scenario.api.leaderboard().json()["items"]}
    assert entries[scenario.first]["title"] == "Snail revised"
    assert scenario.gone not in entries


def _is_counted(scenario: EventScenario) -> None:
    events = [json.loads(each) for each in scenario.events("score.changed")]
    assert {each["post_id"]: each["score"] for each in events} == {scenario.first: 1, scenario.second: 0}


# --- queues ---


def _order_is_published(scenario: EventScenario) -> None:
    (order_id,) = {json.loads(event)["id"] for event in scenario.events("order.placed")}
    assert order_id == scenario.order["id"]


def _order_is_charged(scenario: EventScenario) -> None:
    assert scenario.api.read_me(scenario.ada).json()["credits"] == 90
    events = [json.loads(each) for each in scenario.events("order.answered")]
    assert {(each["order_id"], each["stage"], each["done"]) for each in events} >= {
        (scenario.order["id"], "placed", True)
    }


def _order_is_paid(scenario: EventScenario) -> None:
    assert len(scenario.paid) == 1


def _is_boosted(scenario: EventScenario) -> None:
    until = scenario.api.post(scenario.first)["boosted_until"]
    assert until.startswith(str(date.today() + timedelta(days=1)))


def _has_score(scenario: EventScenario) -> None:
    assert scenario.api.post(scenario.first)["score"] == 41


def _score_event(post_id: str) -> str:
    return json.dumps({"type": "score.changed", "post_id": post_id, "score": 41, "version": 1000})


def _no_message(scenario: EventScenario) -> Record:
    return queue_messages(["no JSON"])[0]


# --- views, pictures, pushes ---


def _is_ranked(scenario: EventScenario) -> None:
    assert {each["post_id"]: each["views"] for each in scenario.api.trending().json()["items"]} == {
        scenario.first: 2,
        scenario.second: 1,
    }


@cache
def _picture(scenario: EventScenario) -> str:
    assert scenario.api.upload_avatar(scenario.ada, png()).status_code == 202
    return next(key for key in scenario.keys(AVATARS) if key.startswith(f"originals/{scenario.ada.username}/"))


def _no_picture(scenario: EventScenario) -> Record:
    key = f"originals/{scenario.bob.username}/01ARZ3NDEKTSV4RRFFQ69G5FAV"
    scenario.put(AVATARS, key, b"no picture")
    return object_notifications([key])[0]


def _avatar_is_shown(scenario: EventScenario) -> None:
    answer = scenario.api.read_avatar(scenario.ada.username)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, PNG)


def _site_is_shown(scenario: EventScenario) -> None:
    assert scenario.api.send("GET", "/site/index.html").status_code == 200


def _push_to_an_empty_bucket(scenario: EventScenario) -> list[Record]:
    scenario.empty(SITE)
    return push_records(["refs/heads/main"], repository_arn=REPOSITORY_ARN)


def _other_pushes(scenario: EventScenario) -> list[Record]:
    others = push_records(["refs/heads/other", "refs/tags/main"], repository_arn=REPOSITORY_ARN)
    return [*others, *push_records(["refs/heads/main"], repository_arn=f"{REPOSITORY_ARN}-of-somebody-else")]


def _no_push(scenario: EventScenario) -> Record:
    (record,) = push_records(["refs/heads/main"], repository_arn=REPOSITORY_ARN)
    return record | {"codecommit": {}}


CASES = {
    "search-projection": Case(
        good=lambda scenario: scenario.post_records,
        foreign=lambda scenario: _of_another_kind(scenario.post_records),
        bad=lambda scenario: _broken(scenario.post_records, of="/post", without="title"),
        done=_is_found,
        parking="search-parking",
    ),
    "posts-event-relay": Case(
        good=lambda scenario: scenario.post_records,
        foreign=lambda scenario: _of_another_kind(scenario.post_records),
        bad=lambda scenario: _broken(scenario.post_records, of="/post", without="title") | {"eventName": "MODIFY"},
        done=_is_published,
        parking="posts-parking",
    ),
    "votes-projection": Case(
        good=lambda scenario: scenario.vote_records,
        foreign=lambda scenario: _of_another_kind(scenario.vote_records),
        bad=lambda scenario: _broken(scenario.vote_records, of="/vote#", without="value"),
        done=_is_counted,
        parking="votes-parking",
    ),
    "orders-event-relay": Case(
        good=lambda scenario: scenario.order_records,
        foreign=lambda scenario: _of_another_kind(scenario.order_records),
        bad=lambda scenario: _broken(scenario.order_records, of="buyer#", without="stage"),
        done=_order_is_published,
        parking="orders-parking",
    ),
    "votes-post-events": Case(
        good=lambda scenario: queue_messages(scenario.post_events),
        foreign=lambda scenario: queue_messages([_published_lock(scenario), *scenario.placed]),
        bad=_no_message,
        done=_is_on_leaderboard,
    ),
    "posts-scores": Case(
        good=lambda scenario: queue_messages([_score_event(scenario.first)]),
        foreign=lambda scenario: queue_messages([_score_event(scenario.gone), *scenario.placed]),
        bad=_no_message,
        done=_has_score,
    ),
    "users-credits": Case(
        good=lambda scenario: queue_messages(scenario.placed),
        foreign=lambda scenario: queue_messages(scenario.post_events),
        bad=_no_message,
        done=_order_is_charged,
    ),
    "orders-saga": Case(
        good=lambda scenario: queue_messages(scenario.outcomes),
        foreign=lambda scenario: queue_messages([scenario.outcomes[0].replace("placed", "unpaid"), *scenario.placed]),
        bad=_no_message,
        done=_order_is_paid,
    ),
    "posts-boosts": Case(
        good=lambda scenario: queue_messages(scenario.paid),
        foreign=lambda scenario: queue_messages(scenario.placed),
        bad=_no_message,
        done=_is_boosted,
    ),
    "trending-projection": Case(
        good=lambda scenario: view_records(scenario.view_data),
        foreign=lambda scenario: [],
        bad=lambda scenario: view_records([*scenario.view_data, b"no JSON"])[-1],
        done=_is_ranked,
        parking="trending-parking",
    ),
    "avatars-thumbnails": Case(
        good=lambda scenario: object_notifications([_picture(scenario)]),
        foreign=lambda scenario: [
            *event("s3_object_created")["Records"],
            *object_notifications([_picture(scenario)], name="ObjectRemoved:Delete"),
        ],
        bad=_no_picture,
        done=_avatar_is_shown,
        parking="avatars-parking",
    ),
    "site-publisher": Case(
        good=_push_to_an_empty_bucket,
        foreign=_other_pushes,
        bad=_no_push,
        done=_site_is_shown,
        parking="site-parking",
    ),
}
