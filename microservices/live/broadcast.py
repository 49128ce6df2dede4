"""Broadcast events to subscribers. Twin: monolith/live/listener.py, where it is a loop over what is in memory."""

import json
from collections.abc import Sequence

from microservices.events import type_of
from microservices.live.clients import Clients
from microservices.live.store import DynamoListeners, Score
from microservices.score_events import parse_score_changed
from shared_domain.contract.live import announce_post, announce_score
from shared_domain.errors import Conflict
from shared_domain.live import LiveMessage, topic_of

_ROUNDS = 10
_SHOWN = ("id", "author", "title", "created_at")


class Broadcast:
    def __init__(self, listeners: DynamoListeners, clients: Clients) -> None:
        self._listeners = listeners
        self._clients = clients

    def hear(self, event: str) -> int:
        """Tell what an event on the topic says to who listens; return to how many. An event comes at least once."""
        if type_of(event) == "post.published":
            image = json.loads(event)["dynamodb"]["NewImage"]
            message = announce_post(**{name: image[name]["S"] for name in _SHOWN})
            return self._send(message, self._listeners.listening(message.topic))  # network
        if (changed := parse_score_changed(event)) is not None:
            return self._tell_newest(changed.post_id, Score(changed.score, changed.version))
        return 0  # nobody can listen to anything else

    def _send(self, message: LiveMessage, listening: Sequence[str]) -> int:
        gone = self._clients.tell(listening, message.text) if listening else []  # network: a call for each
        self._listeners.leave_topic(message.topic, gone)  # network
        return len(listening) - len(gone)

    def _tell_newest(self, post_id: str, score: Score) -> int:
        """Tell a score, and again where meanwhile a newer one was told: functions tell side by side, in any order.

        So each looks again after its telling; whoever tells last tells the newest. Raise Conflict where that does not settle.
        """
        topic = topic_of(post_id)
        listening = self._listeners.listening(topic)  # network
        if not listening or not self._listeners.is_newest(topic, score):  # network
            return 0
        for _ in range(_ROUNDS):
            told = self._send(announce_score(post_id, score.score), listening)
            before, score = score, self._listeners.newest(topic)  # network
            if score == before:
                return told
        raise Conflict("the score changes faster than it can be told")
