"""What explained systems told, read back."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.contract.client import Api
from tracing.traceparent import NAME, new_trace

SENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"  # the specification's own example
TRACE, SPAN = SENT.split("-")[1:3]


def roots(lines: Iterable[str]) -> list[dict[str, Any]]:
    """Return the roots that the lines tell of, each with its `spans`, the first of which is the root's own."""
    return [json.loads(line) for line in lines]


def services(lines: Iterable[str], trace: str = TRACE) -> set[str]:
    """Return who told of a trace."""
    return {root["service"] for root in roots(lines) if root["trace"] == trace}


def named(lines: Iterable[str]) -> list[dict[str, Any]]:
    """Return all spans of all lines."""
    return [span for root in roots(lines) for span in root["spans"]]


@dataclass(frozen=True, slots=True)
class Explained:
    """A side that tells what it does: its client, and what was told so far."""

    api: Api
    client: httpx.Client
    told: Callable[[], list[str]]

    @contextmanager
    def sending(self, traceparent: str) -> Iterator[None]:
        """Send it with every request while the block lasts."""
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
