"""Make the calls of a journey one by one. Each carries its own traceparent and is timed on the wire."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from time import perf_counter_ns, sleep, time_ns
from typing import Any

import httpx

from loadtests.calls import Answer, Call, Outcome, judge
from loadtests.client import CallFailed
from loadtests.data.world import World
from loadtests.explain.hooks.carriers import NAME, Traceparent, new_span, new_trace
from loadtests.explain.traces import TimedCall
from loadtests.journeys import Journey

_SENT, _RECEIVED = "http11.send_request_headers.started", "http11.receive_response_body.complete"


@dataclass(slots=True)
class _Wire:
    """The first byte of a request and the last byte of its response, from httpx's trace extension."""

    sent_ns: int = 0
    began: int = 0
    ended: int = 0

    def __call__(self, event: str, _: dict[str, Any]) -> None:
        if event == _SENT:
            self.sent_ns, self.began = time_ns(), perf_counter_ns()
        elif event == _RECEIVED:
            self.ended = perf_counter_ns()


def walk(client: httpx.Client, journey: Journey, world: World, *, seed: str) -> Iterator[TimedCall]:
    """Make each call of a journey and yield it. Raise CallFailed if an answer is wrong."""
    steps = journey(world, Random(seed))
    call = next(steps)
    while True:
        sleep(call.after_s)
        timed, answer = _send(client, call)
        outcome, reason = judge(call, answer)
        if outcome is not Outcome.SUCCESS:
            raise CallFailed(f"{call.operation} at {client.base_url}: {reason}")
        yield timed
        try:
            call = steps.send(answer)
        except StopIteration:
            return


def operations_of(journey: Journey, world: World, answers: Mapping[str, Answer], *, seed: int) -> Iterator[str]:
    """Yield the operations of a journey that gets these answers, by operation."""
    steps = journey(world, Random(seed))
    call = next(steps)
    while True:
        yield call.operation
        try:
            call = steps.send(answers[call.operation])
        except StopIteration:
            return


def _send(client: httpx.Client, call: Call) -> tuple[TimedCall, Answer]:
    sender, wire, content = Traceparent(new_trace(), new_span()), _Wire(), call.payload() or b""
    request = client.build_request(
        call.method,
        call.path,
        content=content or None,
        headers={**call.all_headers(), NAME: str(sender)},
        extensions={"trace": wire},
    )
    try:
        response = client.send(request)
    except httpx.TransportError as error:
        raise CallFailed(f"{call.operation} at {client.base_url}: {error}") from error
    timed = TimedCall(
        operation=call.operation,
        sender=sender,
        start_ns=wire.sent_ns,
        ms=(wire.ended - wire.began) / 1e6,
        bytes_in=len(response.content),
        bytes_out=len(content),
        request_bytes=len(content) + len(f"{call.method} {call.path} HTTP/1.1\r\n\r\n") + _head_bytes(request.headers),
        response_bytes=len(response.content) + len("HTTP/1.1 200 OK\r\n\r\n") + _head_bytes(response.headers),
    )
    return timed, Answer(response.status_code, response.content)


def _head_bytes(headers: httpx.Headers) -> int:
    return sum(len(name) + len(value) + len(": \r\n") for name, value in headers.raw if name.lower() != NAME.encode())
