"""What subscribers heard of what was written: when each of them knew, what was lost, what came twice.

A message of a new post is about exactly one write. A message of a score holds the score as it is then: where votes come close
together one message may tell of several, so whoever hears of the third vote has heard of the second. The scores of a block only
rise, each by another vote; therefore the same score twice is a message twice.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from loadtests.live.subscriber import Heard, Message

PUBLISHED, CHANGED = "post.published", "tally.changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """A write that was answered. due, answered: on perf_counter's scale. watchers: numbers of those who must hear of it."""

    kind: str
    post_id: str
    score: int = 0
    due: float
    answered: float
    watchers: Sequence[int]


def known_at(write: Write, heard: Heard) -> float | None:
    """Return when a subscriber knew of a write, or None if it never did."""
    return next((at for at, message in heard if _tells(message, write)), None)


def doubled(writes: Iterable[Write], heard: Heard) -> int:
    """Return how many messages about these writes a subscriber heard more than once."""
    own = {(write.kind, write.post_id) for write in writes}
    counts = Counter(_content(message) for _, message in heard)
    return sum(count - 1 for (kind, post_id, _), count in counts.items() if (kind, post_id) in own)


def _tells(message: Message, write: Write) -> bool:
    kind, post_id, score = _content(message)
    return (kind, post_id) == (write.kind, write.post_id) and score >= write.score


def _content(message: Message) -> tuple[str, str, int]:
    post_id = message["post"]["id"] if message.get("type") == PUBLISHED else message.get("post_id", "")
    return str(message.get("type")), str(post_id), int(message.get("score", 0))
