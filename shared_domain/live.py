"""The live feed: topics, and how many a client may subscribe to. Twins: monolith/live, microservices/live."""

from dataclasses import dataclass

from shared_domain.errors import NotAllowed, NotFound
from shared_domain.posts import require_valid_id

ALL_POSTS = "posts"
MAX_TOPICS = 50  # per client
_OF_POST = "post:"


@dataclass(frozen=True, slots=True)
class LiveMessage:
    """A message to the subscribers of a topic. `text` is the JSON that they receive."""

    topic: str
    text: str


def require_valid_topic(topic: str) -> str:
    """Return the topic. Raise NotFound if no such topic can exist. The post's existence is not checked."""
    if topic == ALL_POSTS:
        return topic
    if not topic.startswith(_OF_POST):
        raise NotFound("there is no such topic")
    return topic_of(require_valid_id(topic.removeprefix(_OF_POST)))


def topic_of(post_id: str) -> str:
    """Return the topic of one post's events."""
    return f"{_OF_POST}{post_id}"


def too_many_topics() -> NotAllowed:
    """Return the error for one subscription too many."""
    return NotAllowed(f"a client may subscribe to at most {MAX_TOPICS} topics")
