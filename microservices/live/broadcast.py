"""Send events to the clients that subscribed to their topic. Twin: monolith/live/listener.py, with connections in memory."""

import json
from collections.abc import Sequence

from microservices.events import parse_type
from microservices.live.clients import Clients
from microservices.live.store import DynamoSubscriptions, Score
from microservices.score_events import parse_score_changed
from shared_domain.contract.live import announce_post, announce_score
from shared_domain.errors import Conflict
from shared_domain.live import LiveMessage, topic_of

_MAX_ROUNDS = 10
_SHOWN = ("id", "author", "title", "created_at")


class Broadcast:
    def __init__(self, subscriptions: DynamoSubscriptions, clients: Clients) -> None:
        self._subscriptions = subscriptions
        self._clients = clients

    def handle_event(self, event: str) -> int:
        """Send the message of an event to its subscribers; return their number. A repeated event is sent again."""
        if parse_type(event) == "post.published":
            image = json.loads(event)["dynamodb"]["NewImage"]
            message = announce_post(**{name: image[name]["S"] for name in _SHOWN})
            return self._send(message, self._subscriptions.list_subscribers(message.topic))  # network
        if (changed := parse_score_changed(event)) is not None:
            return self._send_newest(changed.post_id, Score(changed.score, changed.version))
        return 0  # no topic carries other events

    def _send(self, message: LiveMessage, subscribers: Sequence[str]) -> int:
        closed = self._clients.send(subscribers, message.text) if subscribers else []  # network: a call per subscriber
        self._subscriptions.unsubscribe(message.topic, closed)  # network
        return len(subscribers) - len(closed)

    def _send_newest(self, post_id: str, score: Score) -> int:
        """Send a score, and send again if a newer score was stored meanwhile.

        Functions send concurrently and in any order. Each one reads the newest score after it has sent, so the last score that
        a client receives is the newest. Raise Conflict if the score still changes after ten rounds.
        """
        topic = topic_of(post_id)
        subscribers = self._subscriptions.list_subscribers(topic)  # network
        if not subscribers or not self._subscriptions.save_if_newest(topic, score):  # network
            return 0
        for _ in range(_MAX_ROUNDS):
            reached = self._send(announce_score(post_id, score.score), subscribers)
            sent, score = score, self._subscriptions.get_newest(topic)  # network
            if score == sent:
                return reached
        raise Conflict("the score changes faster than it can be sent")
