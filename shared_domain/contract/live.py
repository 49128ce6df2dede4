"""The live feed on the wire: what a client says, and what it hears. docs/asyncapi.yaml describes both."""

from typing import Any, Literal

import msgspec
from msgspec import Struct

from shared_domain.contract.parsing import build_decoder
from shared_domain.errors import MalformedBody, TooLarge
from shared_domain.live import ALL_POSTS, LiveMessage, require_valid_topic, topic_of

MAX_MESSAGE_LENGTH = 1024  # characters; a topic has 31


@build_decoder
class _Subscribe(Struct, frozen=True, forbid_unknown_fields=True):
    action: Literal["subscribe"]
    topic: str


def parse_topic(message: str | bytes) -> str:
    """Return the topic that a client's message subscribes to. Raise MalformedBody, TooLarge or NotFound for any other message."""
    if isinstance(message, bytes):
        raise MalformedBody("a message is a text, not bytes")
    if len(message) > MAX_MESSAGE_LENGTH:
        raise TooLarge(f"a message has at most {MAX_MESSAGE_LENGTH} characters")
    try:
        asked = msgspec.json.decode(message, type=_Subscribe)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise MalformedBody('a message is {"action": "subscribe", "topic": "posts" or "post:<id>"}') from error
    return require_valid_topic(asked.topic)


def subscribed_json(topic: str) -> str:
    """Return the message that a client's wish is granted."""
    return _text({"type": "subscribed", "topic": topic})


def refused_json(error: Exception) -> str:
    """Return the message that a client's wish is not granted, and why."""
    return _text({"type": "error", "detail": str(error)})


def post_published(*, id: str, author: str, title: str, created_at: str) -> LiveMessage:
    """Return the news of a post; `created_at` as the contract writes times."""
    post = {"id": id, "author": author, "title": title, "created_at": created_at}
    return LiveMessage(ALL_POSTS, _text({"type": "post.published", "post": post}))


def tally_changed(post_id: str, score: int) -> LiveMessage:
    """Return the news of a post's score."""
    return LiveMessage(topic_of(post_id), _text({"type": "tally.changed", "post_id": post_id, "score": score}))


def _text(message: dict[str, Any]) -> str:
    return msgspec.json.encode(message).decode()
