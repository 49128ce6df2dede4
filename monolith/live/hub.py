"""The clients and subscriptions of the live feed, in memory. The services use a table: microservices/live/store.py."""

import asyncio
from collections import defaultdict
from contextlib import suppress

from monolith.live.client import Client
from shared_domain.errors import Unavailable
from shared_domain.live import MAX_TOPICS, LiveMessage, too_many_topics


class Hub:
    """Publish messages to subscribed clients. Use it in the event loop; only `publish` may run in another thread."""

    def __init__(self, *, max_clients: int) -> None:
        self._max_clients = max_clients
        self._loop: asyncio.AbstractEventLoop | None = None
        self._topics: dict[Client, set[str]] = {}
        self._subscribers: dict[str, set[Client]] = defaultdict(set)

    def require_capacity(self) -> None:
        """Raise Unavailable if there are too many clients."""
        if len(self._topics) >= self._max_clients:
            raise Unavailable("the live feed has too many clients")

    def join(self, client: Client) -> None:
        """Add a client without subscriptions."""
        self._loop = asyncio.get_running_loop()
        self._topics[client] = set()

    def subscribe(self, client: Client, topic: str) -> None:
        """Subscribe a client to a topic. Subscribing again has no effect. Raise NotAllowed for too many topics."""
        topics = self._topics[client]
        if topic not in topics and len(topics) >= MAX_TOPICS:
            raise too_many_topics()
        topics.add(topic)
        self._subscribers[topic].add(client)

    def leave(self, client: Client) -> None:
        """Remove a client and its subscriptions."""
        for topic in self._topics.pop(client, ()):
            self._subscribers[topic].discard(client)
            if not self._subscribers[topic]:
                del self._subscribers[topic]

    def publish(self, message: LiveMessage) -> None:
        """Send a message to the subscribers of its topic, soon and in the event loop."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the worker ends, and its event loop is closed
                self._loop.call_soon_threadsafe(self._send, message)

    def close(self) -> None:
        """Close every connection and accept no more clients."""
        self._max_clients = 0
        for client in list(self._topics):
            client.send(None)

    def _send(self, message: LiveMessage) -> None:
        for client in list(self._subscribers.get(message.topic, ())):
            client.send(message.text)
