"""The clients and subscriptions of the live feed, in memory. The services use a table: microservices/live/store.py."""

from collections import defaultdict
from threading import Lock

from monolith.live.client import Client
from shared_domain.errors import Unavailable
from shared_domain.live import MAX_TOPICS, LiveMessage, too_many_topics


class Hub:
    def __init__(self, *, max_clients: int) -> None:
        self._max_clients = max_clients
        self._lock = Lock()
        self._topics: dict[Client, set[str]] = {}
        self._subscribers: dict[str, set[Client]] = defaultdict(set)

    def join(self, client: Client) -> None:
        """Add a client without subscriptions. Raise Unavailable if there are too many clients."""
        with self._lock:
            if len(self._topics) >= self._max_clients:
                raise Unavailable("the live feed has too many clients")
            self._topics[client] = set()

    def subscribe(self, client: Client, topic: str) -> None:
        """Subscribe a client to a topic. Subscribing again has no effect. Raise NotAllowed for too many topics."""
        with self._lock:
            topics = self._topics[client]
            if topic not in topics and len(topics) >= MAX_TOPICS:
                raise too_many_topics()
            topics.add(topic)
            self._subscribers[topic].add(client)

    def leave(self, client: Client) -> None:
        """Remove a client and its subscriptions."""
        with self._lock:
            for topic in self._topics.pop(client, ()):
                self._subscribers[topic].discard(client)
                if not self._subscribers[topic]:
                    del self._subscribers[topic]

    def publish(self, message: LiveMessage) -> None:
        """Send a message to the subscribers of its topic."""
        with self._lock:
            subscribers = list(self._subscribers.get(message.topic, ()))
        for client in subscribers:
            client.send(message.text)

    def close(self) -> None:
        """Close every connection and accept no more clients."""
        with self._lock:
            self._max_clients = 0
            clients = list(self._topics)
        for client in clients:
            client.send(None)
