"""Send events to the clients that subscribed to their topic. Twin: monolith/live/listener.py, with connections in memory."""

from collections.abc import Sequence

import msgspec
from aws_lambda_powertools import Logger

from microservices.events import parse_type
from microservices.live.clients import Clients
from microservices.live.store import DynamoSubscriptions, Score
from microservices.score_events import ScoreChanged, parse_score_changed
from shared_domain.contract.live import announce_post, announce_score
from shared_domain.contract.parsing import build_decoder
from shared_domain.errors import Conflict, NotFound
from shared_domain.live import LiveMessage, require_valid_topic, topic_of

_MAX_ROUNDS = 10
_log = Logger()


class _Text(msgspec.Struct):
    """A text attribute in a table's stream."""

    value: str = msgspec.field(name="S")


class _Image(msgspec.Struct):
    """What clients see of a new post."""

    id: _Text
    author: _Text
    title: _Text
    created_at: _Text


class _Change(msgspec.Struct):
    new_image: _Image = msgspec.field(name="NewImage")


@build_decoder
class _Published(msgspec.Struct):
    change: _Change = msgspec.field(name="dynamodb")


class Broadcast:
    def __init__(self, subscriptions: DynamoSubscriptions, clients: Clients) -> None:
        self._subscriptions = subscriptions
        self._clients = clients

    def handle_event(self, event: str) -> int:
        """Send the message of an event to its subscribers; return their number. A repeated event is sent again.

        Log a text that is no event of ours, and send nothing: handling it again would not change it.
        """
        try:
            parsed = _parse(event)
        except (msgspec.MsgspecError, NotFound, UnicodeError, RecursionError) as error:
            _log.warning("a foreign event is ignored", reason=str(error))
            return 0
        if isinstance(parsed, LiveMessage):
            subscribers = self._subscriptions.list_subscribers(parsed.topic)  # network
            return len(self._send(parsed, subscribers))
        return 0 if parsed is None else self._send_newest(parsed.post_id, Score(parsed.score, parsed.version))

    def _send(self, message: LiveMessage, subscribers: Sequence[str]) -> Sequence[str]:
        """Send a message, delete the subscriptions of closed connections, and return the connections that it reached."""
        if not subscribers:
            return ()
        delivery = self._clients.send(subscribers, message.text)  # network: a call per subscriber
        self._subscriptions.unsubscribe(message.topic, delivery.closed)  # network
        return delivery.reached

    def _send_newest(self, post_id: str, score: Score) -> int:
        """Send a score, and send again if a newer score was stored meanwhile.

        Functions send concurrently and in any order. Each one reads the newest score after it has sent, so the last score that
        a client receives is the newest. A connection that missed a score is not tried again for this event.
        Raise Conflict if the score still changes after ten rounds.
        """
        topic = topic_of(post_id)
        subscribers: Sequence[str] = self._subscriptions.list_subscribers(topic)  # network
        if not subscribers or not self._subscriptions.save_if_newest(topic, score):  # network
            return 0
        for _ in range(_MAX_ROUNDS):
            subscribers = self._send(announce_score(post_id, score.score), subscribers)
            sent, score = score, self._subscriptions.get_newest(topic)  # network
            if score == sent or not subscribers:
                return len(subscribers)
        raise Conflict("the score changes faster than it can be sent")


def _parse(event: str) -> LiveMessage | ScoreChanged | None:
    """Return the message of a new post, a changed score, or None for an event that no topic carries."""
    if parse_type(event) == "post.published":
        image = msgspec.json.decode(event, type=_Published).change.new_image
        return announce_post(
            id=image.id.value,
            author=image.author.value,
            title=image.title.value,
            created_at=image.created_at.value,
        )
    changed = parse_score_changed(event)
    if changed is not None:
        require_valid_topic(topic_of(changed.post_id))
    return changed
