"""A journey, walked once and alone: each call carries a traceparent of its own and is timed on the wire."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from time import perf_counter_ns, sleep, time_ns
from typing import Any

import httpx

from loadtests.calls import Answer
from loadtests.client import CallFailed
from loadtests.journeys import Journey
from loadtests.outcomes import Outcome, judge
from loadtests.world import World
from tracing.traceparent import NAME, Traceparent, new_span, new_trace

AFTER_A_WRITE_S = 0.6  # so that what a write sets off is over when the next call is timed
_SENT, _RECEIVED = "http11.send_request_headers.started", "http11.receive_response_body.complete"


@dataclass(slots=True)
class Wire:
    """When the first byte of a request left and the last of its answer came; httpx tells it of both."""

    sent_ns: int = 0
    began: int = 0
    ended: int = 0

    def __call__(self, event: str, _: dict[str, Any]) -> None:
        if event == _SENT:
            self.sent_ns, self.began = time_ns(), perf_counter_ns()
        elif event == _RECEIVED:
            self.ended = perf_counter_ns()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One call of a journey: its trace, when it left, the milliseconds until its answer was there, the bytes of that."""

    operation: str
    sender: Traceparent
    start_ns: int
    ms: float
    bytes_in: int
    bytes_out: int


@dataclass(slots=True)
class Walk:
    """What one walk asked. journey: its name."""

    journey: str
    asked: list[Asked] = field(default_factory=list)


def walked(client: httpx.Client, journey: Journey, world: World, draw: Random, *, pause_s: float) -> Walk:
    """Walk a journey to its end. Raise CallFailed where an answer is not the right one."""
    walk, steps = Walk(journey.__name__), journey(world, draw)
    answer: Answer | None = None
    while (call := _next(steps.send, answer)) is not None:
        sleep(call.after_s)
        sender, wire = Traceparent(new_trace(), new_span()), Wire()
        headers = {**call.all_headers(), NAME: str(sender)}
        try:
            told = client.request(
                call.method, call.path, content=call.payload(), headers=headers, extensions={"trace": wire}
            )
        except httpx.TransportError as gone:
            raise CallFailed(f"{call.operation} at {client.base_url}: {gone}") from gone
        answer = Answer(told.status_code, told.content)
        outcome, reason = judge(call, answer)
        if outcome is not Outcome.RIGHT:
            raise CallFailed(f"{call.operation} at {client.base_url}: {reason}")
        sizes = {"bytes_in": len(told.content), "bytes_out": len(call.payload() or b"")}
        took = (wire.ended - wire.began) / 1e6
        walk.asked.append(Asked(operation=call.operation, sender=sender, start_ns=wire.sent_ns, ms=took, **sizes))
        sleep(pause_s if call.method != "GET" else 0)
    return walk


def _next(send: Callable[[Any], Any], answer: Answer | None) -> Any:
    """Return the next call of a journey, None at its end."""
    try:
        return send(answer)
    except StopIteration:
        return None
