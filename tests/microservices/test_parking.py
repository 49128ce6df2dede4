"""A record that cannot be handled is parked with its reason, delays no other record, and can be replayed after a repair."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ulid import ULID

from microservices.deploy.local_aws import STAGE
from microservices.replay import ReplayFailed
from tests.contract.client import Api, Json, Person
from tests.contract.search_terms import new_word, wait_for_hits

from .deployed_stage import DeployedStage, Item

pytestmark = pytest.mark.live

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def writer(api: Api) -> Person:
    return api.join("parker")


def test_a_malformed_vote_is_parked_and_counts_after_its_repair(stage: DeployedStage, api: Api, writer: Person) -> None:
    post_id = api.published(writer)["id"]
    api.cast(writer, post_id, value=1)
    good, bad = [_vote(post_id, f"good{n}", {"N": "1"}) for n in range(3)], _vote(post_id, "bad", {"S": "many"})
    stage.put("votes", good[0], bad, *good[1:])

    api.score_settles(post_id, 4)
    api.eventually(lambda: _is_on_leaderboard(api, post_id, score=4))
    (message,) = _parked(stage, api, "votes-parking", post_id)
    parked = json.loads(message["Body"])
    assert parked["function"] == stage.name("votes-projection")
    assert parked["reason"] == "KeyError: 'N'"
    assert parked["record"]["dynamodb"]["NewImage"]["value"] == {"S": "many"}

    stage.repair("votes-parking", post_id, lambda parked: parked["dynamodb"]["NewImage"].update(value={"N": "1"}))
    assert stage.replay("votes-parking") >= 1
    api.score_settles(post_id, 5)
    assert stage.messages("votes-parking", post_id) == []
    api.cast(writer, post_id, value=-1)  # replaces the vote of the first cast
    api.score_settles(post_id, 3)


def test_a_record_that_is_replayed_without_a_repair_is_parked_again(
    stage: DeployedStage, api: Api, writer: Person
) -> None:
    post_id = api.published(writer)["id"]
    stage.put("votes", _vote(post_id, "bad", {"N": "7"}))
    (first,) = _parked(stage, api, "votes-parking", post_id)
    stage.replay("votes-parking")
    (again,) = _parked(stage, api, "votes-parking", post_id)
    assert again["MessageId"] != first["MessageId"]
    assert json.loads(again["Body"])["reason"].endswith(": a vote cannot be 7")
    stage.put("votes", _vote(post_id, "bad", {"N": "1"}))
    api.score_settles(post_id, 1)
    stage.repair("votes-parking", post_id, lambda parked: parked["dynamodb"]["NewImage"].update(value={"N": "-1"}))
    stage.replay("votes-parking")  # older than the counted vote, so it changes nothing
    api.score_settles(post_id, 1)
    assert stage.messages("votes-parking", post_id) == []


@pytest.mark.one_variant
@pytest.mark.parametrize(
    "title",
    [
        pytest.param({"N": "5"}, id="of another kind"),
        pytest.param(None, id="missing"),
    ],
)
def test_a_malformed_post_is_parked_by_search_and_a_dead_letter_of_votes_until_its_repair(
    stage: DeployedStage, api: Api, writer: Person, title: Item | None
) -> None:
    needle = new_word()
    bad = _post(writer, f"{needle} bad")
    malformed = {name: value for name, value in (bad | {"title": title}).items() if value is not None}
    good = _post(writer, f"{needle} good")
    with stage.fast_redelivery("votes-post-events"):
        stage.put("posts", malformed, good)
        try:
            wait_for_hits(api, needle, [_shown(good)])
            api.eventually(lambda: _exists_in_votes(stage, good["id"]["S"]))
            (message,) = _parked(stage, api, "search-parking", bad["id"]["S"])
            assert "Error: " in json.loads(message["Body"])["reason"]
            _parked(stage, api, "votes-post-events-dead-letters", bad["id"]["S"])

            stage.put("posts", bad)  # the repair arrives by the stream
            wait_for_hits(api, needle, sorted([_shown(good), _shown(bad)], key=lambda post: post["id"], reverse=True))
            api.eventually(lambda: _exists_in_votes(stage, bad["id"]["S"]))
            assert stage.replay("search-parking") >= 1  # older than the repair, so it changes nothing
            assert stage.messages("search-parking", bad["id"]["S"]) == []
            assert len(api.search(needle).json()["items"]) == 2
        finally:
            for item in (good, bad):
                stage.delete("posts", item)
        wait_for_hits(api, needle, [])


def test_a_post_that_the_event_relay_cannot_read_is_parked_and_published_after_its_repair(
    stage: DeployedStage, api: Api, writer: Person
) -> None:
    post = _post(writer, f"{new_word()} unpublished")
    event = {"Records": [{"eventName": "UPSERT", "dynamodb": _inserted(post)}]}
    stage.invoke("posts-event-relay", event)
    (message,) = _parked(stage, api, "posts-parking", post["id"]["S"])
    assert json.loads(message["Body"])["reason"] == "KeyError: 'UPSERT'"
    stage.repair("posts-parking", post["id"]["S"], lambda parked: parked.update(eventName="INSERT"))
    assert stage.replay("posts-parking") >= 1
    api.eventually(lambda: _exists_in_votes(stage, post["id"]["S"]))


def test_a_malformed_score_becomes_a_dead_letter_and_the_others_are_handled(
    stage: DeployedStage, api: Api, writer: Person
) -> None:
    first, second = (api.published(writer)["id"] for _ in range(2))
    unreadable = [
        f"nonsense about {first}",
        json.dumps([first]),
        json.dumps({"type": "score.changed", "post_id": first, "score": "many"}),
    ]
    with stage.fast_redelivery("posts-scores"):
        stage.send("posts-scores", _score(first, 7), *unreadable, _score(second, 8))
        api.score_settles(first, 7)
        api.score_settles(second, 8)

        def are_dead_letters() -> None:
            letters = stage.messages("posts-scores-dead-letters", first)
            assert sorted(letter["Body"] for letter in letters) == sorted(unreadable)

        api.eventually(are_dead_letters)


def test_the_replay_command_prints_the_numbers_of_redelivered_and_remaining_messages(
    stage: DeployedStage, api: Api, writer: Person
) -> None:
    post_id = api.published(writer)["id"]
    stage.put("votes", _vote(post_id, "bad", {"S": "many"}))
    _parked(stage, api, "votes-parking", post_id)
    stage.repair("votes-parking", post_id, lambda parked: parked["dynamodb"]["NewImage"].update(value={"N": "1"}))
    ran = _replay(stage, "votes-parking")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert re.fullmatch(r"redelivered [1-9]\d* messages, left in the queue: about \d+ messages\n", ran.stdout)
    api.score_settles(post_id, 1)


def test_the_replay_command_prints_one_line_for_an_unknown_queue(stage: DeployedStage) -> None:
    ran = _replay(stage, "nobodys-parking")
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (1, "", 1)
    assert stage.name("nobodys-parking") in ran.stderr


@pytest.mark.one_variant
@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('{"function": "reference-votes-nobody", "reason": "tried", "record": {}}', "votes-nobody"),
        (
            '{"function": "reference-posts-http", "reason": "tried", "record": {}}',
            "posts-http failed: .*Error",
        ),
        ('{"function": "reference-votes-post-events"}', "not a parked record"),
        ("repaired badly by hand", "not a parked record: repaired badly"),
    ],
    ids=["no function", "a function that fails", "no record", "no JSON"],
)
def test_a_message_that_cannot_be_replayed_stays_in_the_queue_and_the_error_says_why(
    stage: DeployedStage, body: str, message: str
) -> None:
    with stage.temporary_queue() as queue:
        stage.send(queue, body)
        with pytest.raises(ReplayFailed, match=message):
            stage.replay(queue)
        assert stage.count_messages(queue) == 1


def _replay(stage: DeployedStage, queue: str) -> subprocess.CompletedProcess[str]:
    options = [stage.name(queue), "--endpoint", stage.stack.emulator.endpoint]
    command = [sys.executable, "-m", "microservices.replay", *options]
    return subprocess.run(command, cwd=PROJECT, check=False, capture_output=True, text=True)


def _parked(stage: DeployedStage, api: Api, queue: str, about: str) -> list[Json]:
    """Return the queue's messages that contain this id, once there are some."""

    def require_messages() -> list[Json]:
        messages = stage.messages(queue, about)
        assert messages
        return messages

    return api.eventually(require_messages)


def _is_on_leaderboard(api: Api, post_id: str, *, score: int) -> None:
    entries = api.leaderboard(limit=100).json()["items"]
    assert [entry["score"] for entry in entries if entry["post_id"] == post_id] == [score]


def _exists_in_votes(stage: DeployedStage, post_id: str) -> None:
    """Assert that votes has the post. The leaderboard shows only a hundred posts, perhaps those of other tests."""
    key = {"pk": {"S": f"post#{post_id}"}, "sk": {"S": "score"}}
    response = stage.stack.emulator.client("dynamodb").get_item(
        TableName=f"{STAGE}-votes", Key=key, ConsistentRead=True
    )
    assert response.get("Item", {}).get("state") == {"S": "live"}


def _vote(post_id: str, voter: str, value: Item) -> Item:
    return {"pk": {"S": f"post#{post_id}"}, "sk": {"S": f"vote#{voter}"}, "value": value}


def _post(author: Person, title: str) -> Item:
    """Return the item of a post without listings. Written directly, only the subscribers of posts see it."""
    post_id, now = str(ULID()), "2026-01-02T03:04:05.678Z"
    words = {"id": post_id, "author": author.username, "title": title, "body": "A body", "created_at": now}
    texts = {name: {"S": value} for name, value in {**words, "updated_at": now, "pk": f"post#{post_id}"}.items()}
    return {**texts, "sk": {"S": "post"}, "tags": {"L": []}, "score": {"N": "0"}}


def _inserted(item: Item) -> Json:
    keys = {name: item[name] for name in ("pk", "sk")}
    return {"Keys": keys, "NewImage": item, "SequenceNumber": "1"}


def _shown(item: Item) -> Json:
    return {"id": item["id"]["S"]}


def _score(post_id: str, score: int) -> str:
    return json.dumps({"type": "score.changed", "post_id": post_id, "score": score, "version": 1000})
