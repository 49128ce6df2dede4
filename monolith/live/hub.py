"""Who listens to what, in the memory of one process. The services keep it in a table: microservices/live/store.py."""

from collections import defaultdict
from threading import Lock

from monolith.live.client import Client
from shared_domain.errors import Unavailable
from shared_domain.live import MAX_TOPICS, LiveMessage, too_many_topics


class Hub:
    def __init__(self, *, most: int) -> None:
        self._most = most
        self._lock = Lock()
        self._topics: dict[Client, set[str]] = {}
        self._listening: dict[str, set[Client]] = defaultdict(set)

    def join(self, client: Client) -> None:
        """Take a client in, who listens to nothing yet. Raise Unavailable where there are as many as may be."""
        with self._lock:
            if len(self._topics) >= self._most:
                raise Unavailable("the live feed has too many clients")
            self._topics[client] = set()

    def subscribe(self, client: Client, topic: str) -> None:
        """Let a client listen to a topic, once however often it asks. Raise NotAllowed for a topic too many."""
        with self._lock:
            topics = self._topics[client]
            if topic not in topics and len(topics) >= MAX_TOPICS:
                raise too_many_topics()
            topics.add(topic)
            self._listening[topic].add(client)

    def leave(self, client: Client) -> None:
        """Forget a client and what it listened to."""
        with self._lock:
            for topic in self._topics.pop(client, ()):
                self._listening[topic].discard(client)
                if not self._listening[topic]:
                    del self._listening[topic]

    def publish(self, message: LiveMessage) -> None:
        """Tell the news to all who listen to its topic."""
        with self._lock:
            listening = list(self._listening.get(message.topic, ()))
        for client in listening:
            client.send(message.text)

    def end(self) -> None:
        """End every connection, and take no more in."""
        with self._lock:
            self._most = 0
            clients = list(self._topics)
        for client in clients:
            client.send(None)
