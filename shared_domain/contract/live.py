"""The live feed on the wire: what a client says, and what it hears. docs/asyncapi.yaml describes both."""

from typing import Any, Literal

import msgspec
from msgspec import Struct

from shared_domain.contract.parsing import learned
from shared_domain.errors import Malformed, TooLarge
from shared_domain.live import ALL_POSTS, News, known_topic, topic_of

LONGEST_MESSAGE = 1024  # characters; a topic has 31


@learned
class _Asked(Struct, frozen=True, forbid_unknown_fields=True):
    action: Literal["subscribe"]
    topic: str


def topic_asked(message: str | bytes) -> str:
    """Return the topic that a client's message subscribes to. Raise Malformed, TooLarge or NotFound for any other message."""
    if isinstance(message, bytes):
        raise Malformed("a message is a text, not bytes")
    if len(message) > LONGEST_MESSAGE:
        raise TooLarge(f"a message has at most {LONGEST_MESSAGE} characters")
    try:
        asked = msgspec.json.decode(message, type=_Asked)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Malformed('a message is {"action": "subscribe", "topic": "posts" or "post:<id>"}') from error
    return known_topic(asked.topic)


def subscribed(topic: str) -> str:
    """Return the message that a client's wish is granted."""
    return _text({"type": "subscribed", "topic": topic})


def refused(error: Exception) -> str:
    """Return the message that a client's wish is not granted, and why."""
    return _text({"type": "error", "detail": str(error)})


def post_published(*, id: str, author: str, title: str, created_at: str) -> News:
    """Return the news of a post; `created_at` as the contract writes times."""
    post = {"id": id, "author": author, "title": title, "created_at": created_at}
    return News(ALL_POSTS, _text({"type": "post.published", "post": post}))


def tally_changed(post_id: str, score: int) -> News:
    """Return the news of a post's score."""
    return News(topic_of(post_id), _text({"type": "tally.changed", "post_id": post_id, "score": score}))


def _text(message: dict[str, Any]) -> str:
    return msgspec.json.encode(message).decode()
