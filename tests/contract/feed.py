"""Clients of a live feed. They check every message against docs/asyncapi.yaml."""

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
    """Return whether a message matches the document's schema of this name."""
    schema = asyncapi()["components"]["messages"][by]["payload"] | {"components": asyncapi()["components"]}
    return bool(Draft202012Validator(schema).is_valid(message))


def server_messages() -> list[str]:
    """Return the names of the messages that a server may send."""
    operations = asyncapi()["operations"]
    references = [*operations["subscribe"]["reply"]["messages"], *operations["publish"]["messages"]]
    return [each["$ref"].rpartition("/")[2] for each in references]


class Subscriber:
    """A client of the live feed."""

    def __init__(self, socket: WebSocket, *, patience: float) -> None:
        self.socket = socket
        self._patience = patience

    def send(self, message: Json) -> None:
        self.socket.send(json.dumps(message))

    def receive(self) -> Json:
        """Return the next message, within the patience."""
        self.socket.settimeout(self._patience)
        message: Json = json.loads(self.socket.recv())
        assert sum(matches_schema(message, by=name) for name in server_messages()) == 1, message
        return message

    def subscribe(self, topic: str) -> None:
        self.send({"action": "subscribe", "topic": topic})
        self.wait_for(lambda message: message == {"type": "subscribed", "topic": topic})

    def wait_for(self, wanted: Callable[[Json], bool]) -> Json:
        """Return the first message that `wanted` accepts, within the patience. Other messages may come before it."""
        deadline = time.monotonic() + self._patience
        while time.monotonic() < deadline:
            if wanted(message := self.receive()):
                return message
        raise AssertionError("the message did not come")

    def receive_rest(self, *, seconds: float) -> list[Json]:
        """Return the messages that arrive until the feed is quiet for this many seconds."""
        received = []
        self.socket.settimeout(seconds)
        with suppress(WebSocketTimeoutException):
            while message := self.socket.recv():
                received.append(json.loads(message))
        return received

    def is_disconnected(self) -> bool:
        """Read until nothing arrives. Return whether the server has closed the connection."""
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
    """The live feed of one system, and its API. `patience` is the limit for a message, in seconds."""

    api: Api
    url: str
    patience: float

    @contextmanager
    def subscriber(self, *topics: str, **options: Any) -> Iterator[Subscriber]:
        """Yield a client that is subscribed to the topics while the block lasts."""
        socket = create_connection(self.url, timeout=self.patience, **options)
        try:
            client = Subscriber(socket, patience=self.patience)
            for topic in topics:
                client.subscribe(topic)
            yield client
        finally:
            socket.close(timeout=0)

    @contextmanager
    def subscribers(self, number: int, *topics: str) -> Iterator[list[Subscriber]]:
        with ExitStack() as opened:
            yield [opened.enter_context(self.subscriber(*topics)) for _ in range(number)]


def post_published(title: str) -> Callable[[Json], bool]:
    """Return a predicate for the message that a post with this title is published."""
    return lambda message: bool(message["type"] == "post.published" and message["post"]["title"] == title)


def tally_changed(score: int) -> Callable[[Json], bool]:
    """Return a predicate for the message that a score has this value."""
    return lambda message: bool(message["type"] == "tally.changed" and message["score"] == score)
