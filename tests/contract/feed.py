"""A live feed under test, seen by its clients: every message that arrives is held to docs/asyncapi.yaml."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from websocket import WebSocket, WebSocketException, WebSocketTimeoutException, create_connection

from .client import Api, Json

DOCUMENT = Path(__file__).parents[2] / "docs" / "asyncapi.yaml"


@cache
def asyncapi() -> Json:
    """Return docs/asyncapi.yaml as plain data."""
    loaded: Json = yaml.load(DOCUMENT.read_text("utf-8"), Loader=yaml.CSafeLoader)
    return loaded


def matches_schema(message: Any, *, by: str) -> bool:
    """Tell whether a message has the form that the document gives to messages of this name."""
    schema = asyncapi()["components"]["messages"][by]["payload"] | {"components": asyncapi()["components"]}
    return bool(Draft202012Validator(schema).is_valid(message))


def server_messages() -> list[str]:
    """Return the names of the messages that a server may send."""
    operations = asyncapi()["operations"]
    told = [*operations["hearWish"]["reply"]["messages"], *operations["tellNews"]["messages"]]
    return [each["$ref"].rpartition("/")[2] for each in told]


class Listener:
    """A client of the feed."""

    def __init__(self, socket: WebSocket, *, patience: float) -> None:
        self.socket = socket
        self._patience = patience

    def send(self, message: Json) -> None:
        self.socket.send(json.dumps(message))

    def receive(self) -> Json:
        """Return the next message, in its time."""
        self.socket.settimeout(self._patience)
        message: Json = json.loads(self.socket.recv())
        assert sum(matches_schema(message, by=name) for name in server_messages()) == 1, message
        return message

    def subscribe(self, topic: str) -> None:
        self.send({"action": "subscribe", "topic": topic})
        self.wait_for(lambda message: message == {"type": "subscribed", "topic": topic})

    def wait_for(self, wanted: Callable[[Json], bool]) -> Json:
        """Return the first message that is wanted, in its time; what others cause may come before it."""
        deadline = time.monotonic() + self._patience
        while time.monotonic() < deadline:
            if wanted(message := self.receive()):
                return message
        raise AssertionError("the message did not come")

    def receive_rest(self, *, seconds: float) -> list[Json]:
        """Return what comes until nothing has come for so long."""
        heard = []
        self.socket.settimeout(seconds)
        with suppress(WebSocketTimeoutException):
            while message := self.socket.recv():
                heard.append(json.loads(message))
        return heard

    def is_disconnected(self) -> bool:
        """Read until nothing comes any more; tell whether that is because the connection has ended."""
        self.socket.settimeout(self._patience)
        try:
            while self.socket.recv():
                pass
        except WebSocketTimeoutException:
            return False
        except (OSError, WebSocketException):
            return True
        return True


@dataclass(frozen=True, slots=True)
class Feed:
    """One system's live feed, and its API. `patience` is how long, in seconds, news may take."""

    api: Api
    url: str
    patience: float

    @contextmanager
    def listener(self, *topics: str, **options: Any) -> Iterator[Listener]:
        """Give a client that listens to the topics while the block lasts."""
        socket = create_connection(self.url, timeout=self.patience, **options)
        try:
            client = Listener(socket, patience=self.patience)
            for topic in topics:
                client.subscribe(topic)
            yield client
        finally:
            socket.close(timeout=0)

    @contextmanager
    def listeners(self, number: int, *topics: str) -> Iterator[list[Listener]]:
        with ExitStack() as opened:
            yield [opened.enter_context(self.listener(*topics)) for _ in range(number)]


def post_published(title: str) -> Callable[[Json], bool]:
    """Return what tells the news of the post with that title."""
    return lambda message: bool(message["type"] == "post.published" and message["post"]["title"] == title)


def tally_changed(score: int) -> Callable[[Json], bool]:
    """Return what tells the news of that score."""
    return lambda message: bool(message["type"] == "tally.changed" and message["score"] == score)
