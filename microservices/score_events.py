"""What votes tells other services of a tally, by an event on the topic. Who changes the form, changes a contract.

    tally.changed    a post has another score: every field of ScoreChanged

The monolith has no such file: there, the score changes with the vote.
"""

from dataclasses import dataclass

import msgspec

from microservices.events import Publish, type_of

_CHANGED = "tally.changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreChanged:
    """How a post stands since its tally has this version. The score is absolute, so that to hear it again changes nothing."""

    post_id: str
    score: int
    version: int


def tell(publish: Publish, tally: ScoreChanged) -> None:
    """Tell whoever subscribed to it how a post stands."""
    publish(_CHANGED, msgspec.to_builtins(tally))


def parse_score_changed(event: str) -> ScoreChanged | None:
    """Return what an event tells of a tally, None where it tells of something else.

    Raise msgspec.ValidationError or DecodeError where it cannot be read.
    """
    return msgspec.json.decode(event, type=ScoreChanged) if type_of(event) == _CHANGED else None
