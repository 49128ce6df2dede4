"""One block of load on a live feed: writes at a rate, and what the audience heard of them."""

from collections.abc import Callable
from time import perf_counter, sleep

from loadtests.arrivals import run_open
from loadtests.live.audience import Audience, Send
from loadtests.live.deliveries import Write
from loadtests.live.figures import measured
from loadtests.live.script import Script
from loadtests.outcomes import Outcome, judge
from loadtests.plan import Block, Plan
from loadtests.tally import Tally

DOUBLES_WITHIN_S = 0.3  # so long after the last message a second copy may come


def run_live(plan: Plan, send: Send, audience: Audience) -> Block:
    """Offer one block and return what came of it."""
    tally, writes = Tally(plan.warm_up_s, plan.patience_ms), list[Write]()
    begin, patience_s = perf_counter(), plan.patience_ms / 1000
    counts = run_open(
        _writer(audience.script, send, tally, writes=writes, begin=begin),
        rate=plan.rate,
        duration_s=plan.warm_up_s + plan.duration_s,
        in_flight=plan.in_flight,
        drain_s=patience_s + 1,
    )
    audience.await_known(writes, within_s=patience_s)
    sleep(DOUBLES_WITHIN_S)
    return measured(tally, writes, audience.heard(since=begin), counts)


def _writer(script: Script, send: Send, tally: Tally, *, writes: list[Write], begin: float) -> Callable[[float], None]:
    """Return what each arrival does: the next write, kept where it is answered rightly and counted where not."""

    def start_one(due: float) -> None:
        number = script.next()
        call = script.call(number)
        answer, answered = send(call), perf_counter()
        outcome, reason = judge(call, answer)
        if outcome is Outcome.RIGHT:
            writes.append(script.write(number, answer, due=due - begin, answered=answered - begin))
        else:
            tally.add(call.operation, due - begin, (answered - due) * 1000, outcome, reason)

    return start_one
