"""What the time of an answer is made of: the self times of all spans, and what lies between them, which no hook sees.

A span's self time is its own, less what is directly below it. What lies before, between and after the spans of a call, by the
clock of the machine that all its processes share, is what is left of the call: with it the parts add up by construction. So what
shows a span that is wrong is a part below zero, and a span that is missing, that nothing answers a call.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from loadtests.explain.telling import Span
from loadtests.explain.trees import Forest
from loadtests.explain.walking import RunSettings

DOOR, ASKING, OWN, JSON, STORES, TRANSACTION, HOPS, COLD = (
    "door", "who calls", "own code", "serialising", "stores", "transaction", "hops", "cold start",
)  # fmt: skip
PARTS = {
    DOOR: "gateway, server and network",
    ASKING: "asking who calls",
    OWN: "own code",
    JSON: "serialising",
    STORES: "stores",
    TRANSACTION: "transaction",
    HOPS: "calls of other functions",
    COLD: "cold start",
}
_OF_KIND = {
    "request": OWN, "function": OWN, "background": OWN, "serialising": JSON, "store call": STORES, "statement": STORES,
    "transaction": TRANSACTION, "cold start": COLD,
}  # fmt: skip
_HOP = "lambda Invoke"
_AUTHORIZER = "authorizer"


class Work(NamedTuple):
    """A span, how deep it is below the call, the part that its self time belongs to, and that time in milliseconds."""

    span: Span
    depth: int
    part: str
    self_ms: float


def parts(asked: RunSettings, forest: Forest) -> dict[str, float]:
    """Return the milliseconds of each part of a call; a part that it has not is left out."""
    found: dict[str, float] = defaultdict(float)
    reached = asked.start_ns
    for span in forest.until_answer(asked.sender.span):
        found[DOOR] += (span.start_ns - reached) / 1e6
        reached = span.end_ns
    found[DOOR] += (asked.start_ns - reached) / 1e6 + asked.ms
    for work in answering(asked.sender.span, forest):
        found[work.part] += work.self_ms
    return dict(found)


def answering(span_id: str, forest: Forest, *, depth: int = 0, part: str | None = None) -> Iterator[Work]:
    """Yield all work below a span that was waited for, each before what is below it; with a part, all belongs to that."""
    for span in forest.until_answer(span_id):
        own = part or (ASKING if span.name == _AUTHORIZER and span.kind == "function" else None)
        yield Work(span, depth, own or part_of(span), self_ms(span, forest))
        yield from answering(span.id, forest, depth=depth + 1, part=own)


def part_of(span: Span) -> str:
    return HOPS if span.name == _HOP else _OF_KIND[span.kind]


def self_ms(span: Span, forest: Forest) -> float:
    """Return the milliseconds of a span that nothing below it took."""
    return span.ms - sum(below.ms for below in forest.until_answer(span.id))
