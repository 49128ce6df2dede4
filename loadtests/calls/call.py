"""A call: one request, the check of its answer, and the outcome that follows.

A check looks at the body, not only at the status: a load test that counts a wrong body as success measures nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import msgspec

WRONG = "wrong outcome"  # prefix of the reason for an answer with the expected status and a wrong body


class WrongOutcome(Exception):
    """The answer has the expected status and a wrong body."""


class Outcome(StrEnum):
    """The three kinds of outcome. Only successes are goodput."""

    SUCCESS = "succeeded"
    REFUSED = "refused"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a call. Status 0 means that there is none; `failure` is the reason."""

    status: int
    body: bytes = b""
    failure: str = ""

    def json(self) -> Any:
        """Return the body as JSON. Raise WrongOutcome if it is not JSON."""
        try:
            return msgspec.json.decode(self.body)
        except msgspec.DecodeError as broken:
            raise WrongOutcome(f"no JSON: {broken}") from broken

    def record(self) -> dict[str, Any]:
        """Return the body as a JSON object. Raise WrongOutcome if it is not one."""
        value = self.json()
        require(isinstance(value, dict), "a JSON object")
        return dict(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request and the answer that it must get. `operation` names it in statistics, `token` is the user's.

    body: sent as JSON. content: sent unchanged; its type is among the headers. after_s: pause before it is sent, as by a user
    who looks again later. may_be_gone: 404 is a success too, since other users delete what they own.
    """

    operation: str
    path: str
    check: Callable[[Answer], None]
    expected: int = 200
    body: dict[str, Any] | None = None
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    token: str | None = None
    after_s: float = 0.0
    may_be_gone: bool = False

    @property
    def method(self) -> str:
        return self.operation.split()[0]

    def payload(self) -> bytes | None:
        """Return the bytes to send, or None."""
        return self.content if self.body is None else msgspec.json.encode(self.body)

    def all_headers(self) -> dict[str, str]:
        """Return the headers to send."""
        typed = {} if self.body is None else {"Content-Type": "application/json"}
        signed = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return {**typed, **signed, **self.headers}


def judge(call: Call, answer: Answer) -> tuple[Outcome, str]:
    """Return the outcome of a call and, unless it is a success, the reason in a few words."""
    if answer.status == call.expected:
        return _check(call, answer)
    if answer.status == 404 and call.may_be_gone:
        return Outcome.SUCCESS, ""
    if answer.status == 0:
        return Outcome.ERROR, answer.failure or "no answer"
    if answer.status == 503 or 400 <= answer.status < 500:
        return Outcome.REFUSED, f"status {answer.status}"
    return Outcome.ERROR, f"status {answer.status}"


def unchecked(answer: Answer) -> None:
    """Accept any body: the code that sends the call looks at it."""


def require(holds: bool, wanted: str) -> None:
    """Raise WrongOutcome with the expectation unless the condition holds."""
    if not holds:
        raise WrongOutcome(f"wanted {wanted}")


def items_of(answer: Answer, limit: int) -> list[dict[str, Any]]:
    """Return the items of a list. Raise WrongOutcome if it is not a list or is longer than the limit."""
    items = answer.record().get("items")
    if not isinstance(items, list):
        raise WrongOutcome("wanted items")
    require(all(isinstance(item, dict) for item in items), "items that are objects")
    require(len(items) <= limit, f"at most {limit} items")
    return items


def _check(call: Call, answer: Answer) -> tuple[Outcome, str]:
    try:
        call.check(answer)
    except WrongOutcome as wrong:
        return Outcome.ERROR, f"{WRONG}: {wrong}"
    except (KeyError, TypeError, ValueError) as wrong:  # a field is missing or has a wrong type
        return Outcome.ERROR, f"{WRONG}: {wrong!r}"
    return Outcome.SUCCESS, ""
