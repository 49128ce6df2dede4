"""A call: what is sent, and what a right answer looks like.

A check looks at the body, not only at the status: a generator that counts a wrong body as success measures nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec


class WrongOutcome(Exception):
    """The status was the expected one, the answer was not."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; status 0 means that nothing did, and `failure` says why."""

    status: int
    body: bytes = b""
    failure: str = ""

    def json(self) -> Any:
        """Return the body as JSON. Raise WrongOutcome if it is none."""
        try:
            return msgspec.json.decode(self.body)
        except msgspec.DecodeError as broken:
            raise WrongOutcome(f"no JSON: {broken}") from broken

    def record(self) -> dict[str, Any]:
        """Return the body as a JSON object. Raise WrongOutcome if it is none."""
        value = self.json()
        require(isinstance(value, dict), "a JSON object")
        return dict(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request and the answer it must have. `operation` names it in statistics, `token` is the caller's.

    body: sent as JSON. content: sent as it is, its type among the headers. after_s: whoever sends it waits so many seconds
    first, as somebody does who looks again a little later.
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


Send = Callable[[Call], Answer]  # sends a call and returns its answer


def unchecked(answer: Answer) -> None:
    """Take any body: the caller looks at it."""


def require(holds: bool, wanted: str) -> None:
    """Raise WrongOutcome naming what was wanted unless it holds."""
    if not holds:
        raise WrongOutcome(f"wanted {wanted}")


def items_of(answer: Answer, limit: int) -> list[dict[str, Any]]:
    """Return the items of a list. Raise WrongOutcome if it is none, or longer than was asked for."""
    items = answer.record().get("items")
    if not isinstance(items, list):
        raise WrongOutcome("wanted items")
    require(all(isinstance(item, dict) for item in items), "items that are objects")
    require(len(items) <= limit, f"at most {limit} items")
    return items
