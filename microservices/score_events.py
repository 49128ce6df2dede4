"""The event that votes publishes when the score of a post changes. Its fields are a contract between services.

    score.changed    a post has another score: every field of ScoreChanged

The monolith has no such file: it writes the score in the transaction of the vote.
"""

from dataclasses import dataclass

import msgspec

from microservices.events import Publish, parse_type

_EVENT_TYPE = "score.changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreChanged:
    """A post's total score and its version. The score is absolute, so handling the event twice changes nothing."""

    post_id: str
    score: int
    version: int


def publish_score(publish: Publish, changed: ScoreChanged) -> None:
    """Publish the new score of a post."""
    publish(_EVENT_TYPE, msgspec.to_builtins(changed))


def parse_score_changed(event: str) -> ScoreChanged | None:
    """Return the event's content, or None for an event of another type.

    Raise msgspec.ValidationError or DecodeError for an event that cannot be read.
    """
    return msgspec.json.decode(event, type=ScoreChanged) if parse_type(event) == _EVENT_TYPE else None
