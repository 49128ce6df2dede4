"""One connection to a live feed, which stores every message with its time.

It reads in a thread of its own; where Locust has patched threads, that is a greenlet.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Thread
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from websocket import WebSocket, WebSocketException, create_connection

from loadtests.errors import RunError
from loadtests.processes import is_remote

CONFIRMED_WITHIN_S = 20.0
SCHEMES = {"http": "ws", "https": "wss"}
Message = dict[str, Any]
Messages = list[tuple[float, Message]]


class NotSubscribed(RunError):
    """A feed refused a connection, or did not confirm a subscription."""


class Subscriber:
    """A subscriber to some topics. `messages` grows by (time on perf_counter's scale, message)."""

    def __init__(self, live_url: str, topics: Sequence[str]) -> None:
        """Connect and subscribe; return once every topic is confirmed. Raise NotSubscribed."""
        self.messages: Messages = []
        try:
            no_proxy = None if is_remote(live_url) else ["*"]
            self._socket: WebSocket = create_connection(live_url, timeout=CONFIRMED_WITHIN_S, http_no_proxy=no_proxy)
            for topic in topics:
                self._subscribe(topic)
        except (OSError, WebSocketException) as refused:
            raise NotSubscribed(f"{live_url}: {str(refused).partition(' -+-+-')[0]}") from refused
        self._socket.settimeout(None)
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def close(self) -> None:
        """Close the connection. The messages stay."""
        try:
            self._socket.close(timeout=1)
        except (OSError, WebSocketException):  # it was closed already
            return

    def _subscribe(self, topic: str) -> None:
        self._socket.send(json.dumps({"action": "subscribe", "topic": topic}))
        began = perf_counter()
        while (message := self._next()) != {"type": "subscribed", "topic": topic}:
            if message.get("type") == "error" or perf_counter() - began > CONFIRMED_WITHIN_S:
                raise NotSubscribed(f"{topic}: {message}")
            self.messages.append((perf_counter(), message))

    def _read(self) -> None:
        while True:
            try:
                message = self._next()
            except (OSError, WebSocketException, ValueError):  # closed by either side: later messages count as lost
                return
            self.messages.append((perf_counter(), message))

    def _next(self) -> Message:
        text = self._socket.recv()
        if not text:
            raise WebSocketException("the feed closed the connection")
        return dict(json.loads(text))


@contextmanager
def subscribe(live_url: str, topics: Sequence[Sequence[str]]) -> Iterator[list[Subscriber]]:
    """Keep one subscriber for each list of topics while the block lasts. Raise NotSubscribed.

    They connect one by one: a burst of connections would start as many function processes.
    """
    subscribers: list[Subscriber] = []
    try:
        for own in topics:
            subscribers.append(Subscriber(live_url, own))
        yield subscribers
    finally:
        for subscriber in subscribers:
            subscriber.close()


def live_url_below(base_url: str) -> str:
    """Return the address of the live feed of a system that serves it below its base URL, as the monolith does."""
    place = urlsplit(base_url)
    return urlunsplit((SCHEMES[place.scheme], place.netloc, f"{place.path.rstrip('/')}/live", "", ""))
