"""Feedback: anybody leaves it."""

from typing import Any

from loadtests.calls.call import Answer, Call, require


def leave_feedback(message: str, contact: str | None = None) -> Call:
    """A message, which is confirmed and not shown."""
    form: dict[str, Any] = {"message": message} if contact is None else {"message": message, "contact": contact}

    def check(answer: Answer) -> None:
        require(answer.record().keys() == {"id", "created_at"}, "an id and a time, and nothing else")

    return Call(operation="POST /feedback", path="/feedback", expected=201, body=form, check=check)
