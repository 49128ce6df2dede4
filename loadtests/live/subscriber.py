"""One connection to a live feed, which notes every message and when it came.

It reads in a thread of its own; in the generator, where Locust has made threads greenlets, in a greenlet of its own.
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

ANSWERED_WITHIN_S = 20.0
SCHEMES = {"http": "ws", "https": "wss"}
Message = dict[str, Any]
Heard = list[tuple[float, Message]]


class NotSubscribed(RunError):
    """A feed took no connection, or did not confirm a subscription."""


class Subscriber:
    """Whoever listens to some topics. `heard` grows by (time on perf_counter's scale, message)."""

    def __init__(self, live_url: str, topics: Sequence[str]) -> None:
        """Connect and subscribe, and return once all of it is confirmed. Raise NotSubscribed."""
        self.heard: Heard = []
        try:
            self._socket: WebSocket = create_connection(live_url, timeout=ANSWERED_WITHIN_S)
            for topic in topics:
                self._subscribe(topic)
        except (OSError, WebSocketException) as refused:
            raise NotSubscribed(f"{live_url}: {str(refused).partition(' -+-+-')[0]}") from refused
        self._socket.settimeout(None)
        self._reader = Thread(target=self._listen, daemon=True)
        self._reader.start()

    def close(self) -> None:
        """End the connection; what it heard stays."""
        try:
            self._socket.close(timeout=1)
        except (OSError, WebSocketException):  # it was gone already
            return

    def _subscribe(self, topic: str) -> None:
        self._socket.send(json.dumps({"action": "subscribe", "topic": topic}))
        began = perf_counter()
        while (message := self._received()) != {"type": "subscribed", "topic": topic}:
            if message.get("type") == "error" or perf_counter() - began > ANSWERED_WITHIN_S:
                raise NotSubscribed(f"{topic}: {message}")
            self.heard.append((perf_counter(), message))

    def _listen(self) -> None:
        while True:
            try:
                message = self._received()
            except (OSError, WebSocketException, ValueError):  # closed by either side: who waits for more misses it
                return
            self.heard.append((perf_counter(), message))

    def _received(self) -> Message:
        text = self._socket.recv()
        if not text:
            raise WebSocketException("the feed closed the connection")
        return dict(json.loads(text))


@contextmanager
def subscribed(live_url: str, topics: Sequence[Sequence[str]]) -> Iterator[list[Subscriber]]:
    """Keep one subscriber for each list of topics while the block lasts. Raise NotSubscribed.

    They come one by one: a burst of new connections would start as many function processes.
    """
    audience: list[Subscriber] = []
    try:
        for own in topics:
            audience.append(Subscriber(live_url, own))
        yield audience
    finally:
        for subscriber in audience:
            subscriber.close()


def beside(base_url: str) -> str:
    """Return the address of the live feed of a system that serves it below its base URL, as the monolith does."""
    place = urlsplit(base_url)
    return urlunsplit((SCHEMES[place.scheme], place.netloc, f"{place.path.rstrip('/')}/live", "", ""))
