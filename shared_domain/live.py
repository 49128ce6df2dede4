"""The live feed: which topics there are, and who may listen to how many. Twins: monolith/live, microservices/live."""

from dataclasses import dataclass

from shared_domain.errors import NotAllowed, NotFound
from shared_domain.posts import require_valid_id

ALL_POSTS = "posts"
MAX_TOPICS = 50  # of one client
_OF_POST = "post:"


@dataclass(frozen=True, slots=True)
class LiveMessage:
    """Something that happened, and the topic whose listeners hear of it. The text is the message as it goes out."""

    topic: str
    text: str


def require_valid_topic(topic: str) -> str:
    """Return the topic, or raise NotFound if nothing is ever told under that name. Whether its post lives, nobody asks."""
    if topic == ALL_POSTS:
        return topic
    if not topic.startswith(_OF_POST):
        raise NotFound("there is no such topic")
    return topic_of(require_valid_id(topic.removeprefix(_OF_POST)))


def topic_of(post_id: str) -> str:
    """Return the topic of what happens to one post."""
    return f"{_OF_POST}{post_id}"


def too_many_topics() -> NotAllowed:
    """Return the error of a client that listens to as much as it may."""
    return NotAllowed(f"nobody listens to more than {MAX_TOPICS} topics")
