"""Feedback: messages to the administrators. Twins: monolith/feedback, microservices/feedback."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared_domain.errors import NotAllowed
from shared_domain.text import clean, clean_email


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    id: str
    message: str
    contact: str | None
    created_at: datetime


def compose(*, id: str, message: str, contact: str | None = None, now: datetime) -> Feedback:
    """Return new feedback; the sender may stay anonymous. Raise InvalidInput naming the field."""
    return Feedback(
        id=id,
        message=clean("message", message, min_length=1, max_length=2_000),
        contact=None if contact is None else clean_email("contact", contact),
        created_at=now,
    )


def parse_administrators(setting: str) -> frozenset[str]:
    """Parse the usernames in a setting, separated by commas."""
    return frozenset(name.strip() for name in setting.split(",") if name.strip())


def require_administrator(reader: str, *, administrators: Collection[str]) -> None:
    """Raise NotAllowed unless the reader is an administrator. Only the deployment's settings make somebody one."""
    if reader not in administrators:
        raise NotAllowed("only administrators may read feedback")


class FeedbackStore(Protocol):
    def add(self, feedback: Feedback) -> None:
        """Insert the feedback."""

    def page(self, *, before: str | None, limit: int) -> list[Feedback]:
        """Return at most `limit` messages, newest first, older than the message `before`."""
