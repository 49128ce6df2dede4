"""Compare writes with the messages that subscribers received: when each arrived, what was lost, what came twice.

A message of a new post belongs to exactly one write. A message of a score holds the score at that time: when votes come close
together, one message may cover several, so a subscriber that has the third vote has the second too. The scores of a block only
rise, each by another vote; therefore the same score twice is a doubled message.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from loadtests.histograms import encode, histogram_of
from loadtests.live.subscriber import Message, Messages
from loadtests.load import Live

PUBLISHED, CHANGED = "post.published", "tally.changed"
DOUBLES_WITHIN_S = 0.3  # after the last message, to receive second copies


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """A write with a successful answer. due, answered: in seconds. watchers: numbers of the subscribers of its topic."""

    kind: str
    post_id: str
    score: int = 0
    due: float
    answered: float
    watchers: Sequence[int]


def received_at(write: Write, messages: Messages) -> float | None:
    """Return when a subscriber received the message of a write, or None."""
    return next((at for at, message in messages if _covers(message, write)), None)


def count_doubles(writes: Iterable[Write], messages: Messages) -> int:
    """Return how many messages of these writes a subscriber received again."""
    own = {(write.kind, write.post_id) for write in writes}
    counts = Counter(_content(message) for _, message in messages)
    return sum(count - 1 for (kind, post_id, _), count in counts.items() if (kind, post_id) in own)


def live_figures(
    writes: Sequence[Write], times: Sequence[Sequence[float | None]], messages: Sequence[Messages]
) -> Live:
    """Return the figures of a block. times: of each write's messages, by watcher. messages: of each subscriber."""
    lags = [_lags_ms(write, own) for write, own in zip(writes, times, strict=True)]
    return Live(
        subscribers=len(messages),
        writes=len(writes),
        messages=sum(len(own) for own in times),
        lost=sum(own.count(None) for own in times),
        doubled=sum(count_doubles(writes, own) - count_doubles(writes, _earlier(own)) for own in messages),
        from_answer=encode(histogram_of(lag for own in lags for lag in own)),
        to_last=encode(histogram_of(max(own) for own in lags if own)),
    )


def _covers(message: Message, write: Write) -> bool:
    kind, post_id, score = _content(message)
    return (kind, post_id) == (write.kind, write.post_id) and score >= write.score


def _content(message: Message) -> tuple[str, str, int]:
    post_id = message["post"]["id"] if message.get("type") == PUBLISHED else message.get("post_id", "")
    return str(message.get("type")), str(post_id), int(message.get("score", 0))


def _earlier(messages: Messages) -> Messages:
    """Return the messages before the block, which an earlier block has counted."""
    return [(at, message) for at, message in messages if at < 0]


def _lags_ms(write: Write, times: Sequence[float | None]) -> list[float]:
    """Return the lags. A message that arrives before the answer to its own write has none."""
    return [max(0.0, at - write.answered) * 1000 for at in times if at is not None]
