"""Both sides with hooks around them, in this process, and the spans that they write."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from loadtests.explain.hooks.carriers import NAME, new_trace
from tests.contract.client import Api
from tests.contract.images import png

SENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"  # the specification's own example
TRACE, SPAN = SENT.split("-")[1:3]


def roots(lines: Iterable[str]) -> list[dict[str, Any]]:
    """Return the root spans in the lines, each with its `spans`, of which the first is its own."""
    return [json.loads(line) for line in lines]


def services(lines: Iterable[str], trace: str = TRACE) -> set[str]:
    """Return the services with a span in a trace."""
    return {root["service"] for root in roots(lines) if root["trace"] == trace}


def all_spans(lines: Iterable[str]) -> list[dict[str, Any]]:
    return [span for root in roots(lines) for span in root["spans"]]


@dataclass(frozen=True, slots=True)
class TracedSystem:
    """A side with hooks: its client, and the lines that it has written so far."""

    api: Api
    client: httpx.Client
    lines: Callable[[], list[str]]

    @contextmanager
    def sending(self, traceparent: str) -> Iterator[None]:
        """Send the traceparent with every request while the block lasts."""
        self.client.headers[NAME] = traceparent
        try:
            yield
        finally:
            del self.client.headers[NAME]

    @contextmanager
    def traced(self) -> Iterator[str]:
        """Send a new trace with every request while the block lasts; yield its id."""
        trace = new_trace()
        with self.sending(SENT.replace(TRACE, trace)):
            yield trace


def assert_no_sent_value_is_written(system: TracedSystem) -> None:
    """Send a needle wherever a client can, and look for it, for ids and for secrets in all spans."""
    api, needle = system.api, 'needle<script>"7"'
    ada = api.join_as("needleuser")
    post = api.published(ada, title=f"{needle} title", body=f"{needle} body", tags=["needletag"])["id"]
    api.search("needle")
    api.revise_me(ada, bio=f"{needle} bio")
    api.give_feedback(message=f"{needle} message", contact="needle@example.org")
    api.place(ada, {"sku": "boost-1d", "post_id": post, "quantity": 1}, key="needlekey")
    api.send("GET", "/users/needleuser?needle=1", headers={"User-Agent": needle, "X-Needle": needle})
    api.upload_avatar(ada, png())
    written = "\n".join(system.lines())
    assert "needle" not in written
    assert ada.token not in written
    assert ada.password not in written
    assert post not in written
