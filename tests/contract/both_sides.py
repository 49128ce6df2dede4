"""Two implementations side by side: the same request to both, and their answers with what may differ taken out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from .client import Api, Person, unique

Told = dict[str, Any]
TIMES = ("created_at", "updated_at", "as_of")
IDS = ("id", "post_id")
ORDER_STATUSES = ("pending", "fulfilled", "rejected")


@dataclass(slots=True)
class Side:
    """One implementation, the people who act there, and the names that both sides have for what only this side calls so."""

    api: Api
    people: list[Person]
    posts: list[str] = field(default_factory=list)
    cursor: str | None = None
    common: dict[str, str] = field(default_factory=dict)

    def forget(self) -> None:
        """Begin anew: what was there stays, and is nobody's business any more."""
        self.posts, self.cursor, self.common = [], None, {}

    def told(self, response: httpx.Response, *, settled: bool) -> Told:
        """Return the answer as both sides must give it; scores and what became of orders only where everything has settled."""
        headers = {name: response.headers.get(name) for name in ("WWW-Authenticate", "Retry-After")}
        kind = response.headers.get("Content-Type", "") if response.content else None  # nothing is of no kind
        body = response.json() if "json" in (kind or "") else response.text
        etag = response.headers.get("ETag")
        return headers | {
            "kind": kind,
            "status": response.status_code,
            "etag": etag and self._name("etag", etag),
            "place": self._place(response.headers.get("Location")),
            "body": self._told(body, settled=settled),
        }

    def _told(self, value: Any, *, settled: bool) -> Any:
        if isinstance(value, list):
            return [self._told(each, settled=settled) for each in value]
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
        return self._told(value, settled=settled)

    def _place(self, location: str | None) -> str | None:
        if location is None or location.startswith("/users/"):
            return location
        feature, _, found = location.removeprefix("/").partition("/")
        return f"/{feature}/{self._name('id', found)}"

    def _name(self, kind: str, value: str) -> str:
        """Return the common name: both sides meet the same things in the same order, so they count alike."""
        return self.common.setdefault(f"{kind} {value}", f"{kind} {len(self.common)}")


class BothSides:
    """Asks both; `same` and `settles` return the answers once they agree."""

    def __init__(self, left: Api, right: Api, *, people: int) -> None:
        names = [unique("twin") for _ in range(people)]
        self.sides = tuple(Side(api, [api.join_as(name) for name in names]) for api in (left, right))

    def same(self, ask: Callable[[Side], httpx.Response]) -> tuple[httpx.Response, ...]:
        """Ask both and compare at once, scores aside."""
        answers = tuple(ask(side) for side in self.sides)
        left, right = (side.told(answer, settled=False) for side, answer in zip(self.sides, answers, strict=True))
        assert left == right
        return answers

    def settles(self, ask: Callable[[Side], httpx.Response], *, of: Callable[[Told], Any] = lambda told: told) -> None:
        """Ask both until what is looked at is the same, within the patience of the more patient side."""

        def agreed() -> None:
            left, right = (of(side.told(ask(side), settled=True)) for side in self.sides)
            assert left == right

        self.eventually(agreed)

    def eventually(self, promise: Callable[[], None]) -> None:
        """Wait for the promise as long as the more patient side may."""
        max((side.api for side in self.sides), key=lambda api: api.patience).eventually(promise)
