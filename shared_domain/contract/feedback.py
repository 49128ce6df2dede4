"""Feedback on the wire: the form, the response and the pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from shared_domain.contract.paging import page_json, parse_cursor, parse_limit
from shared_domain.contract.parsing import Query, build_decoder
from shared_domain.contract.times import to_rfc3339
from shared_domain.feedback import Feedback
from shared_domain.ids import ID

FeedbackId = Annotated[str, Meta(pattern=f"^{ID}$")]
_LIST = "feedback"


@build_decoder
class NewFeedback(Struct, frozen=True, forbid_unknown_fields=True):
    message: str
    contact: str | UnsetType = UNSET


def receipt_json(feedback: Feedback) -> dict[str, Any]:
    """Return the response to the sender. Only administrators read the message itself."""
    return {"id": feedback.id, "created_at": to_rfc3339(feedback.created_at)}


def feedback_json(feedback: Feedback) -> dict[str, Any]:
    """Return the feedback as administrators see it."""
    return {
        "id": feedback.id,
        "message": feedback.message,
        "contact": feedback.contact,
        "created_at": to_rfc3339(feedback.created_at),
    }


@dataclass(frozen=True, slots=True)
class FeedbackQuery:
    """A request for a page of feedback."""

    before: str | None
    limit: int

    def page_json(self, items: Sequence[Feedback]) -> dict[str, Any]:
        """Return the page as JSON. `items` must have one more than `limit` if the list continues."""
        return page_json(
            items,
            limit=self.limit,
            list_name=_LIST,
            position_of=lambda feedback: feedback.id,
            to_json=feedback_json,
        )


def parse_feedback_query(query: Query) -> FeedbackQuery:
    """Parse the query parameters. Raise InvalidInput naming the parameter."""
    return FeedbackQuery(before=parse_cursor(query, list_name=_LIST, shape=FeedbackId), limit=parse_limit(query))
