"""One block of load on a live feed: writes at a rate, and what the audience heard of them."""

from math import inf
from time import perf_counter, sleep

from gevent.event import Event

from loadtests.calls import Outcome, Send, judge
from loadtests.generator.arrivals import Arrivals
from loadtests.generator.tally import Tally
from loadtests.live.audience import Audience
from loadtests.live.deliveries import Write
from loadtests.live.figures import measured
from loadtests.load import BlockResult, LoadPlan, cut_at

DOUBLES_WITHIN_S = 0.3  # so long after the last message a second copy may come


def run_live(plan: LoadPlan, send: Send, audience: Audience, cut: Event) -> BlockResult:
    """Offer one block and return what came of it, or of its part until it was cut short."""
    tally, writes = Tally(plan.warm_up_s, plan.timeout_ms), list[Write]()
    script, patience_s = audience.script, plan.timeout_ms / 1000

    def start_one(due: float, offset: float) -> None:
        """Send the next write: kept where it is answered rightly, counted where not."""
        number = script.next()
        call = script.call(number)
        answer, answered = send(call), perf_counter()
        outcome, reason = judge(call, answer)
        if outcome is Outcome.SUCCESS:
            writes.append(script.write(number, answer, due=offset, answered=answered - arrivals.begin))
        else:
            tally.add(call.operation, offset, (answered - due) * 1000, outcome, reason)

    arrivals = Arrivals(start_one, tally, max_in_flight=plan.max_in_flight, cut=cut)
    cpu = arrivals.run(plan.arrivals(), drain_s=patience_s + 1)
    until_s = cut_at(cut.is_set(), plan, began=arrivals.begin)
    audience.await_known(writes, within_s=patience_s)
    sleep(DOUBLES_WITHIN_S)
    block = measured(tally, writes, audience.heard(since=arrivals.begin))
    last_s = plan.warm_up_s + (inf if until_s is None else until_s)
    block.arrivals = sum(plan.warm_up_s <= offset < last_s for offset in plan.arrivals())
    block.cpu, block.ended_at_s = cpu, until_s
    return block
