"""The live feed of one process: it disconnects slow clients and limits their number."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from monolith.live.client import MAX_QUEUED, Client
from monolith.live.hub import Hub
from monolith.live.routes import create_handler
from shared_domain.errors import NotAllowed
from shared_domain.live import MAX_TOPICS, LiveMessage
from tests.contract.client import Api, unique
from tests.contract.feed import Feed, post_published

from .programs import Program, sign_in

PATIENCE_S = 10.0
Messages = list[dict[str, Any]]


def feed_of(running: Program, client: httpx.Client) -> Feed:
    return Feed(Api(client, patience=0), f"ws{running.url().removeprefix('http')}/live", patience=PATIENCE_S)


def in_event_loop(test: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    """Make a plain test of a coroutine function."""

    def run() -> None:
        asyncio.run(asyncio.wait_for(test(), PATIENCE_S))

    run.__name__ = test.__name__
    return run


async def never() -> Any:
    await asyncio.Event().wait()


async def discard(message: dict[str, Any]) -> None:
    pass


@pytest.mark.live
def test_a_client_that_does_not_read_is_disconnected_and_the_others_receive_everything(running: Program) -> None:
    small_buffer = [(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)]
    with running.client() as writer:
        feed = feed_of(running, sign_in(writer, "wordy"))
        with feed.subscriber("posts", sockopt=small_buffer) as slow, feed.subscriber("posts") as reader:
            for _ in range(2 * MAX_QUEUED):
                title = unique("long") + "𝔘" * 180
                writer.post("/posts", json={"title": title, "body": "A body"}).raise_for_status()
                reader.wait_for(post_published(title))
            assert slow.is_disconnected()


@in_event_loop
async def test_one_client_too_many_is_closed_with_1013() -> None:
    sent: Messages = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    hub = Hub(max_clients=1)
    hub.join(Client(discard))
    await create_handler(hub)(never, send)
    assert [message["type"] for message in sent] == ["websocket.accept", "websocket.close"]
    assert sent[1]["code"] == 1013


@in_event_loop
async def test_a_closed_hub_closes_its_clients_with_1001_after_their_messages() -> None:
    sent: Messages = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    hub = Hub(max_clients=1)
    serving = asyncio.create_task(create_handler(hub)(never, send))
    while not sent:
        await asyncio.sleep(0)
    (client,) = hub._topics
    hub.subscribe(client, "posts")
    hub.publish(LiveMessage("posts", "text"))
    await asyncio.sleep(0)
    hub.close()
    await serving
    assert [message.get("code", message.get("text")) for message in sent[1:]] == ["text", 1001]


@in_event_loop
async def test_a_hub_limits_the_topics_of_a_client() -> None:
    hub, client = Hub(max_clients=1), Client(discard)
    hub.join(client)
    for n in range(MAX_TOPICS):
        hub.subscribe(client, f"topic {n}")
    hub.subscribe(client, "topic 0")
    with pytest.raises(NotAllowed):
        hub.subscribe(client, "one more")


@in_event_loop
async def test_sending_to_a_client_that_does_not_read_never_blocks_and_disconnects_it() -> None:
    async def block(message: dict[str, Any]) -> None:
        await never()

    client = Client(block)
    serving = asyncio.create_task(client.serve(never()))
    for _ in range(MAX_QUEUED + 2):
        await asyncio.sleep(0)
        client.send("text")
    await serving
