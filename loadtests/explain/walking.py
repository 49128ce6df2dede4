"""A journey, walked once and alone: each call carries a traceparent of its own and is timed on the wire."""

from dataclasses import dataclass
from random import Random
from time import perf_counter_ns, sleep, time_ns
from typing import Any

import httpx

from loadtests.calls import Answer, Call, Outcome, judge
from loadtests.client import CallFailed
from loadtests.data.world import World
from loadtests.journeys import Journey, Steps
from tracing.traceparent import NAME, Traceparent, new_span, new_trace

# So that what it sets off is over when the next call is timed.
AFTER_A_WRITE_S = {"monolith": 0.3, "microservices": 0.6}
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
class RunSettings:
    """One call of a journey: its trace, when it left, the milliseconds until its answer was there, the bytes of that."""

    operation: str
    sender: Traceparent
    start_ns: int
    ms: float
    bytes_in: int
    bytes_out: int


class Walk:
    """A journey, walked on one side: what it asked."""

    def __init__(self, client: httpx.Client, journey: Journey, world: World, draw: Random) -> None:
        self.asked: list[RunSettings] = []
        self._client = client
        self._steps = journey(world, draw)

    def to_the_end(self, *, pause_s: float) -> None:
        """Make each call, pause after a write. Raise CallFailed where an answer is not the right one."""
        call: Call | None = next(self._steps)
        while call is not None:
            sleep(call.after_s)
            answer = self._made(call)
            outcome, reason = judge(call, answer)
            if outcome is not Outcome.SUCCESS:
                raise CallFailed(f"{call.operation} at {self._client.base_url}: {reason}")
            sleep(0 if call.method == "GET" else pause_s)
            call = _after(self._steps, answer)

    def _made(self, call: Call) -> Answer:
        sender, wire, content = Traceparent(new_trace(), new_span()), Wire(), call.payload() or b""
        request = self._client.build_request(
            call.method,
            call.path,
            content=content or None,
            headers={**call.all_headers(), NAME: str(sender)},
            extensions={"trace": wire},
        )
        try:
            told = self._client.send(request)
        except httpx.TransportError as gone:
            raise CallFailed(f"{call.operation} at {self._client.base_url}: {gone}") from gone
        sizes = {"bytes_in": len(told.content), "bytes_out": len(content)}
        took = (wire.ended - wire.began) / 1e6
        self.asked.append(RunSettings(operation=call.operation, sender=sender, start_ns=wire.sent_ns, ms=took, **sizes))
        return Answer(told.status_code, told.content)


def _after(steps: Steps, answer: Answer) -> Call | None:
    """Return the next call of a journey, None at its end."""
    try:
        return steps.send(answer)
    except StopIteration:
        return None
