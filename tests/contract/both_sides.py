"""Send the same request to two implementations and compare their answers, without the values that may differ."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from .client import Api, Person, unique

Normalised = dict[str, Any]
TIMES = ("created_at", "updated_at", "as_of")
IDS = ("id", "post_id")
ORDER_STATUSES = ("pending", "fulfilled", "rejected")


@dataclass(slots=True)
class Side:
    """One implementation, its test users, and common names for the ids that only this side uses."""

    api: Api
    people: list[Person]
    posts: list[str] = field(default_factory=list)
    cursor: str | None = None
    common: dict[str, str] = field(default_factory=dict)

    def reset(self) -> None:
        """Start a new run. Earlier posts stay in the system and are ignored."""
        self.posts, self.cursor, self.common = [], None, {}

    def normalised(self, response: httpx.Response, *, settled: bool) -> Normalised:
        """Return the comparable part of an answer. `settled` includes scores and the final state of orders."""
        headers = {name: response.headers.get(name) for name in ("WWW-Authenticate", "Retry-After")}
        kind = response.headers.get("Content-Type", "") if response.content else None
        body = response.json() if "json" in (kind or "") else response.text
        etag = response.headers.get("ETag")
        return headers | {
            "kind": kind,
            "status": response.status_code,
            "etag": etag and self._name("etag", etag),
            "place": self._place(response.headers.get("Location")),
            "body": self._normalised(body, settled=settled),
        }

    def _normalised(self, value: Any, *, settled: bool) -> Any:
        if isinstance(value, list):
            return [self._normalised(each, settled=settled) for each in value]
        if isinstance(value, dict):
            return {name: self._field(name, each, settled=settled) for name, each in value.items()}
        return value

    def _field(self, name: str, value: Any, *, settled: bool) -> Any:
        if name in IDS:
            return self._name("id", value)
        if name in TIMES or (name == "score" and not settled):
            return name
        if name in ("next_cursor", "access_token", "boosted_until"):
            return value is not None
        if not settled and (name == "reason" or value in ORDER_STATUSES):
            return name
        return self._normalised(value, settled=settled)

    def _place(self, location: str | None) -> str | None:
        if location is None or location.startswith("/users/"):
            return location
        feature, _, identifier = location.removeprefix("/").partition("/")
        return f"/{feature}/{self._name('id', identifier)}"

    def _name(self, kind: str, value: str) -> str:
        """Return a common name for an id. Both sides see the same objects in the same order, so the numbers match."""
        return self.common.setdefault(f"{kind} {value}", f"{kind} {len(self.common)}")


class BothSides:
    """Two sides that get the same requests."""

    def __init__(self, left: Api, right: Api, *, people: int) -> None:
        names = [unique("twin") for _ in range(people)]
        self.sides = tuple(Side(api, [api.join_as(name) for name in names]) for api in (left, right))

    def same(self, ask: Callable[[Side], httpx.Response]) -> tuple[httpx.Response, ...]:
        """Send a request to both sides and compare the answers at once, without scores."""
        answers = tuple(ask(side) for side in self.sides)
        left, right = (side.normalised(answer, settled=False) for side, answer in zip(self.sides, answers, strict=True))
        assert left == right
        return answers

    def settles(
        self, ask: Callable[[Side], httpx.Response], *, of: Callable[[Normalised], Any] = lambda normalised: normalised
    ) -> None:
        """Send a request to both sides until the part selected by `of` is equal."""

        def agreed() -> None:
            left, right = (of(side.normalised(ask(side), settled=True)) for side in self.sides)
            assert left == right

        self.eventually(agreed)

    def eventually(self, promise: Callable[[], None]) -> None:
        """Wait for the promise with the longer patience of the two sides."""
        max((side.api for side in self.sides), key=lambda api: api.patience).eventually(promise)
