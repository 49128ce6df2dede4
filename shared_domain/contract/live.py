"""The live feed on the wire: parse the messages of clients and build the messages to them. See docs/asyncapi.yaml."""

from typing import Any, Literal

import msgspec
from msgspec import Struct

from shared_domain.contract.parsing import build_decoder
from shared_domain.errors import MalformedBody, TooLarge
from shared_domain.live import ALL_POSTS, LiveMessage, require_valid_topic, topic_of

PATH = "/live"  # of the monolith's live feed, below its base URL
MAX_MESSAGE_LENGTH = 1024  # characters; the longest topic has 31


@build_decoder
class _Subscribe(Struct, frozen=True, forbid_unknown_fields=True):
    action: Literal["subscribe"]
    topic: str


def parse_topic(message: str | bytes) -> str:
    """Return the topic that a client's message subscribes to. Raise MalformedBody, TooLarge or NotFound for any other message."""
    if isinstance(message, bytes):
        raise MalformedBody("a message must be text, not binary")
    if len(message) > MAX_MESSAGE_LENGTH:
        raise TooLarge(f"a message must have at most {MAX_MESSAGE_LENGTH} characters")
    try:
        subscribe = msgspec.json.decode(message, type=_Subscribe)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise MalformedBody('a message must be {"action": "subscribe", "topic": "posts" or "post:<id>"}') from error
    return require_valid_topic(subscribe.topic)


def subscribed_json(topic: str) -> str:
    """Return the message that confirms a subscription."""
    return _encode({"type": "subscribed", "topic": topic})


def error_json(error: Exception) -> str:
    """Return the message that reports an error to the client."""
    return _encode({"type": "error", "detail": str(error)})


def announce_post(*, id: str, author: str, title: str, created_at: str) -> LiveMessage:
    """Return the message that announces a new post. `created_at` is a time in RFC 3339."""
    post = {"id": id, "author": author, "title": title, "created_at": created_at}
    return LiveMessage(ALL_POSTS, _encode({"type": "post.published", "post": post}))


def announce_score(post_id: str, score: int) -> LiveMessage:
    """Return the message that announces a post's new score."""
    return LiveMessage(topic_of(post_id), _encode({"type": "tally.changed", "post_id": post_id, "score": score}))


def _encode(message: dict[str, Any]) -> str:
    return msgspec.json.encode(message).decode()
