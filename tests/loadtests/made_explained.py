"""Figures of `explain`, from hand-written spans."""

from typing import Any

from loadtests.explain.breakdown import figures
from loadtests.explain.hooks.carriers import Traceparent
from loadtests.explain.traces import Forest, Root, Span, TimedCall
from loadtests.results import SIDES

ORIGINS = {"monolith": "measured", "microservices": "emulated"}
START_NS = 1_000_000_000
TOOK_MS = {"monolith": 5.0, "microservices": 40.0}


def explained(journeys: tuple[str, ...] = ("voter",)) -> dict[str, Any]:
    """Return the figures of journeys of one call each: a vote, which is counted afterwards on the microservices."""
    walked = walks(journeys)
    forests = {
        side: Forest([root for (call,) in walked[side].values() for root in _roots(side, call)]) for side in SIDES
    }
    return {"origin": "emulated", "origins": ORIGINS, "journeys": figures(walked, forests)}


def walks(journeys: tuple[str, ...]) -> dict[str, dict[str, list[TimedCall]]]:
    """Return the calls of journeys by side."""
    return {side: {journey: [_timed(side, journey)] for journey in journeys} for side in SIDES}


def _timed(side: str, journey: str) -> TimedCall:
    sender = Traceparent("1" * 32, f"{side[:2]}{journey}".encode().hex()[:16].ljust(16, "0"))
    sizes = {"bytes_in": 51, "bytes_out": 12}
    return TimedCall(
        operation="PUT /posts/{post_id}/vote", sender=sender, start_ns=START_NS, ms=TOOK_MS[side], **sizes
    )  # fmt: skip


def _roots(side: str, call: TimedCall) -> list[Root]:
    sender = call.sender.span
    route = {"name": call.operation}
    if side == "monolith":
        request = _span(f"{sender}r", sender, "request", at=1, ms=3, **route, lines=["monolith/votes/routes.py:20"])
        statement = _span(f"{sender}s", request.id, "statement", at=2, ms=1, name="INSERT votes", counts={"rows": 1})
        return [[request, statement]]
    start = _span(f"{sender}c", sender, "cold start", at=5, ms=10, **route, service="votes-http")
    function = _span(f"{sender}f", sender, "function", at=16, ms=14, **route, service="votes-http")
    made = {"name": "dynamodb PutItem", "service": "votes-http", "counts": {"units": 1.0, "bytes_out": 261}}
    put = _span(f"{sender}p", function.id, "store call", at=18, ms=9, lines=["microservices/votes/store.py:23"], **made)
    projection = _span(f"{sender}t", put.id, "function", at=60, ms=80, name="stream", service="votes-projection")
    return [[start], [function, put], [projection]]


def _span(id: str, parent: str, kind: str, *, at: float, ms: float, name: str, **more: Any) -> Span:
    values = {"links": [], "lines": [], "counts": {}, "service": "monolith", **more}
    return Span(id=id, parent=parent, kind=kind, name=name, start_ns=START_NS + round(at * 1e6), ms=ms, **values)
