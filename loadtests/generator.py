"""The load generator, a process of its own so that its CPU is its own: `python -m loadtests.generator`.

Reads one Plan as JSON from each line of standard input, answers one Block as JSON on standard output.
The client, its connections and the greenlets are Locust's; the arrivals are open (arrivals.py).
"""

import sys
from collections.abc import Callable
from time import perf_counter

import msgspec
from locust.contrib.fasthttp import FastHttpSession
from locust.event import Events

from loadtests.arrivals import run_open
from loadtests.calls import Answer, Call, unchecked
from loadtests.live.audience import Audience
from loadtests.live.block import run_live
from loadtests.outcomes import Outcome, judge
from loadtests.plan import LIVE, Block, Plan
from loadtests.tally import Tally
from loadtests.walks import Walks


def run_block(plan: Plan) -> Block:
    """Offer one block of load and return what came of it."""
    tally, send = Tally(plan.warm_up_s, plan.patience_ms), sender(plan)
    walks = Walks(plan.scenario, plan.world, plan.seed) if plan.scenario else None
    begin = perf_counter()

    def start_one(due: float) -> None:
        steps, call = walks.next() if walks else (None, _floor_call(plan.path))
        answer = send(call)
        latency_ms = (perf_counter() - due) * 1000
        outcome, reason = judge(call, answer)
        tally.add(call.operation, due - begin, latency_ms, outcome, reason)
        if walks and steps and outcome is Outcome.RIGHT:
            walks.advance(steps, answer)

    length_s = plan.warm_up_s + plan.duration_s
    counts = run_open(
        start_one, rate=plan.rate, duration_s=length_s, in_flight=plan.in_flight, drain_s=plan.patience_ms / 1000 + 1
    )
    for offset in counts.unanswered:  # whoever never answers is as slow as we waited, and says so
        tally.add("unanswered", offset, (counts.given_up - offset) * 1000, Outcome.ERROR, "timeout")
    block = tally.block()
    block.dropped = sum(offset >= plan.warm_up_s for offset in counts.dropped)
    block.late_ticks = sum(offset >= plan.warm_up_s for offset in counts.late)
    block.offered += block.dropped
    block.cpu = counts.cpu
    return block


def sender(plan: Plan) -> Callable[[Call], Answer]:
    """Return a function that sends a call and returns its answer; connections are kept between calls."""
    timeout_s = plan.patience_ms / 1000
    session = FastHttpSession(
        plan.base_url,
        Events().request,  # type: ignore[no-untyped-call]
        user=None,
        concurrency=plan.in_flight,
        network_timeout=timeout_s,
        connection_timeout=timeout_s,
        max_retries=0,  # else the client asks again by itself, and one arrival is four requests
    )

    def send(call: Call) -> Answer:
        response = session.request(
            call.method,
            call.path,
            name=call.operation,
            data=call.payload(),  # type: ignore[arg-type]  # bytes go out as they are
            headers=call.all_headers(),
        )
        if response.status_code:
            return Answer(response.status_code, response.content or b"")
        return Answer(0, failure="timeout" if _timed_out(getattr(response, "error", None)) else "no connection")

    return send


def _timed_out(error: BaseException | None) -> bool:
    return isinstance(error, TimeoutError) or "timed out" in str(error).lower()


def _floor_call(path: str) -> Call:
    return Call(operation=f"GET {path}", path=path, check=unchecked)


def main() -> None:
    """Answer plans until the input ends. The audience of a live feed stays for the blocks to come."""
    decoder, encoder, audiences = msgspec.json.Decoder(Plan), msgspec.json.Encoder(), dict[str, Audience]()
    for line in sys.stdin:
        plan = decoder.decode(line)
        if plan.scenario == LIVE:
            send = sender(plan)
            audience = audiences[plan.live_url] = Audience.of(plan, send, audiences.get(plan.live_url))
            block = run_live(plan, send, audience)
        else:
            block = run_block(plan)
        sys.stdout.write(encoder.encode(block).decode() + "\n")
        sys.stdout.flush()
    for audience in audiences.values():
        audience.close()


if __name__ == "__main__":
    main()
