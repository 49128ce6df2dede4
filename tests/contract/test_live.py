"""The live feed: subscribers get their messages, whatever other clients do."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from websocket import ABNF, WebSocketException

from loadtests.parity.odd_requests import SHAKE
from loadtests.parity.raw_http import Raw, shake_hands

from .client import Person, unique
from .feed import Feed, Subscriber, post_published, tally_changed

pytestmark = pytest.mark.live_api

QUIET_S = 1.0
MAX_TOPICS = 50
GARBAGE: list[Any] = [
    "",
    "no JSON",
    "[]",
    "null",
    '"subscribe"',
    "{}",
    '{"action": "subscribe"}',
    '{"action": "subscribe", "topic": 5}',
    '{"action": "subscribe", "topic": null}',
    '{"action": "shout", "topic": "posts"}',
    '{"action": "$disconnect"}',
    '{"action": "$connect", "topic": "posts"}',
    '{"action": "$default", "topic": "posts"}',
    '{"action": {"deep": []}, "topic": "posts"}',
    '{"action": "subscribe", "topic": "posts", "more": 1}',
    '{"action": "subscribe", "topic": "\\ud800"}',
    "[" * 900,
    "x" * 20_000,
]
HANDSHAKES: dict[str, tuple[dict[str, str], int]] = {
    "another version": ({"Sec-WebSocket-Version": "12"}, 400),
    "no version": ({"Sec-WebSocket-Version": ""}, 400),
    "no key": ({"Sec-WebSocket-Key": ""}, 400),
    "another protocol": ({"Upgrade": "irc"}, 426),
    "no upgrade": ({"Upgrade": "", "Connection": "close"}, 426),
    "any case, and two tokens": ({"Upgrade": "WebSocket", "Connection": "keep-alive, upgrade"}, 101),
}
UNKNOWN_TOPICS = ["", "users", "posts ", "POSTS", "post:", "post:x", "post:../posts", "post:" + "0" * 27, "connection"]


@pytest.fixture(scope="module")
def ada(feed: Feed) -> Person:
    return feed.api.join("ada")


@pytest.fixture
def subscriber(feed: Feed) -> Iterator[Subscriber]:
    with feed.subscriber() as client:
        yield client


def is_alive(client: Subscriber) -> bool:
    client.subscribe("posts")
    return True


def test_a_subscriber_of_posts_gets_each_published_post(feed: Feed, ada: Person, subscriber: Subscriber) -> None:
    subscriber.subscribe("posts")
    for title in (unique("first"), unique("second"), unique('Ünïcode ☃ 𝔘 <&> "quoted" ') + "\t"):
        post = feed.api.published(ada, title=title)
        message = subscriber.wait_for(post_published(title))["post"]
        assert message == {name: post[name] for name in ("id", "author", "title", "created_at")}


def test_a_subscriber_of_a_post_gets_its_scores_and_the_last_one_last(
    feed: Feed, ada: Person, subscriber: Subscriber
) -> None:
    post_id = feed.api.published(ada)["id"]
    subscriber.subscribe(f"post:{post_id}")
    crowd = feed.api.crowd(8)
    for voter in crowd:
        assert feed.api.cast(voter, post_id, value=1).status_code == 200
    assert subscriber.wait_for(tally_changed(8))["post_id"] == post_id
    assert feed.api.cast(crowd[0], post_id, value=-1).status_code == 200
    subscriber.wait_for(tally_changed(6))
    assert feed.api.retract(crowd[0], post_id).status_code == 204
    subscriber.wait_for(tally_changed(7))
    assert {each["score"] for each in subscriber.receive_rest(seconds=QUIET_S)} <= {7}


def test_a_client_gets_only_messages_of_its_topics(feed: Feed, ada: Person) -> None:
    mine, other = (feed.api.published(ada)["id"] for _ in range(2))
    title = unique("untold")
    with (
        feed.subscriber() as silent,
        feed.subscriber(f"post:{mine}") as subscriber,
        feed.subscriber("posts") as all_posts,
    ):
        feed.api.cast(ada, other, value=1)
        feed.api.cast(ada, mine, value=-1)
        feed.api.published(ada, title=title)
        all_posts.wait_for(post_published(title))
        assert subscriber.receive() == {"type": "tally.changed", "post_id": mine, "score": -1}
        for client in (silent, subscriber):
            assert client.receive_rest(seconds=QUIET_S) == []


def test_a_vote_that_changes_nothing_sends_no_message(feed: Feed, ada: Person, subscriber: Subscriber) -> None:
    post_id = feed.api.published(ada)["id"]
    subscriber.subscribe(f"post:{post_id}")
    feed.api.cast(ada, post_id, value=1)
    subscriber.wait_for(tally_changed(1))  # the score may be visible before its message arrives
    feed.api.cast(ada, post_id, value=1)
    assert subscriber.receive_rest(seconds=QUIET_S) == []


def test_a_client_that_subscribes_twice_gets_a_message_once(feed: Feed, ada: Person, subscriber: Subscriber) -> None:
    subscriber.subscribe("posts")
    subscriber.subscribe("posts")
    title = unique("once")
    feed.api.published(ada, title=title)
    subscriber.wait_for(post_published(title))
    assert not any(post_published(title)(each) for each in subscriber.receive_rest(seconds=QUIET_S))


@pytest.mark.parametrize("text", GARBAGE, ids=lambda text: str(text)[:40] or "nothing")
def test_garbage_is_an_error_and_the_client_stays_connected(feed: Feed, subscriber: Subscriber, text: str) -> None:
    subscriber.socket.send(text)
    assert subscriber.receive()["type"] == "error"
    assert is_alive(subscriber)


def test_a_binary_message_is_an_error_or_closes_the_connection(feed: Feed, subscriber: Subscriber) -> None:
    subscriber.socket.send(b"\xff\xfe\x00", opcode=ABNF.OPCODE_BINARY)
    try:
        assert subscriber.receive()["type"] == "error"
    except WebSocketException:
        return  # as API Gateway does
    assert is_alive(subscriber)


@pytest.mark.parametrize("name", HANDSHAKES)
def test_an_odd_handshake_has_the_status_of_the_contract(feed: Feed, name: str) -> None:
    changes, expected = HANDSHAKES[name]
    headers = tuple((header, value) for header, value in {**SHAKE, **changes}.items() if value)
    assert shake_hands(feed.url, Raw("GET", "", headers)) == expected


def test_a_handshake_on_another_path_is_a_403(feed: Feed) -> None:
    for path in ("/health", "/nowhere"):
        assert shake_hands(str(feed.api.client.base_url), Raw("GET", path, tuple(SHAKE.items()))) == 403


@pytest.mark.parametrize("topic", UNKNOWN_TOPICS)
def test_an_unknown_topic_is_an_error(feed: Feed, subscriber: Subscriber, topic: str) -> None:
    subscriber.send({"action": "subscribe", "topic": topic})
    assert subscriber.receive()["type"] == "error"
    assert is_alive(subscriber)


def test_one_topic_too_many_is_an_error_and_the_others_still_work(
    feed: Feed, ada: Person, subscriber: Subscriber
) -> None:
    post_id = feed.api.published(ada)["id"]
    topics = [f"post:{post_id[:-3]}{n:03d}" for n in range(MAX_TOPICS - 1)]
    for topic in ["posts", *topics]:
        subscriber.subscribe(topic)
    subscriber.send({"action": "subscribe", "topic": f"post:{post_id}"})
    subscriber.wait_for(lambda message: message["type"] == "error")
    subscriber.subscribe(topics[0])
    title = unique("still")
    feed.api.published(ada, title=title)
    subscriber.wait_for(post_published(title))


def test_a_huge_message_is_an_error_or_closes_the_connection_and_does_not_affect_others(
    feed: Feed, ada: Person
) -> None:
    with feed.subscriber("posts") as other, feed.subscriber("posts") as hostile:
        hostile.socket.send("x" * 1_000_000)
        try:
            assert hostile.wait_for(lambda message: message["type"] == "error")
        except (WebSocketException, OSError, ValueError):
            assert hostile.is_disconnected()
        title = unique("unmoved")
        feed.api.published(ada, title=title)
        other.wait_for(post_published(title))


def test_a_client_that_disappears_does_not_affect_others(feed: Feed, ada: Person) -> None:
    with feed.subscriber("posts") as stays:
        with feed.subscriber("posts") as vanishes:
            vanishes.socket.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            vanishes.socket.sock.close()  # with a reset, and no close frame
        for title in (unique("after"), unique("again")):
            feed.api.published(ada, title=title)
            stays.wait_for(post_published(title))
