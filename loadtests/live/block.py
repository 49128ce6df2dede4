"""One block of load on a live feed: an audience, writes at a rate, and what the audience heard of them."""

from collections.abc import Callable, Sequence
from itertools import count
from time import perf_counter, sleep

from loadtests.arrivals import run_open
from loadtests.calls import Answer, Call, publish
from loadtests.live.deliveries import Write, known_at
from loadtests.live.figures import measured
from loadtests.live.script import Script, posts_to_watch
from loadtests.live.subscriber import Subscriber, subscribed
from loadtests.outcomes import Outcome, judge
from loadtests.plan import Block, Plan
from loadtests.tally import Tally
from loadtests.world import written

FIRST_WITHIN_S = 20.0  # cold starts
DOUBLES_WITHIN_S = 0.3  # so long after the last message a second copy may come
POLL_S = 0.01
Send = Callable[[Call], Answer]


class FeedFailed(Exception):
    """A system took no write, or delivered nothing, before the load began."""


def run_live(plan: Plan, send: Send) -> Block:
    """Offer one block and return what came of it. Raise NotSubscribed or FeedFailed if the feed does not work at all."""
    script = Script(plan, [_published(plan, number, send) for number in range(posts_to_watch(plan))])
    topics = [script.topics(number) for number in range(plan.subscribers)]
    tally, writes = Tally(plan.warm_up_s, plan.patience_ms), list[Write]()
    with subscribed(plan.live_url, topics) as audience:
        _rehearse(script, send, audience)
        begin, patience_s = perf_counter(), plan.patience_ms / 1000
        counts = run_open(
            _writer(script, send, tally, writes=writes, begin=begin),
            rate=plan.rate,
            duration_s=plan.warm_up_s + plan.duration_s,
            in_flight=plan.in_flight,
            drain_s=patience_s + 1,
        )
        await_known(writes, audience, within_s=patience_s)
        sleep(DOUBLES_WITHIN_S)
        heard = [[(at - begin, message) for at, message in one.heard] for one in audience]
    return measured(tally, writes, heard, counts)


def await_known(writes: Sequence[Write], audience: Sequence[Subscriber], *, within_s: float) -> bool:
    """Wait until everybody has heard of everything, or so long; say whether they have."""
    deadline = perf_counter() + within_s
    open_ones = [(write, audience[one].heard) for write in writes for one in write.watchers]
    while open_ones := [(write, heard) for write, heard in open_ones if known_at(write, heard) is None]:
        if perf_counter() > deadline:
            return False
        sleep(POLL_S)
    return True


def _writer(script: Script, send: Send, tally: Tally, *, writes: list[Write], begin: float) -> Callable[[float], None]:
    """Return what each arrival does: the next write, kept where it is answered rightly and counted where not."""
    numbers = count(script.first())

    def start_one(due: float) -> None:
        number = next(numbers)
        call = script.call(number)
        answer, answered = send(call), perf_counter()
        outcome, reason = judge(call, answer)
        if outcome is Outcome.RIGHT:
            writes.append(script.write(number, answer, due=due - begin, answered=answered - begin))
        else:
            tally.add(call.operation, due - begin, (answered - due) * 1000, outcome, reason)

    return start_one


def _rehearse(script: Script, send: Send, audience: Sequence[Subscriber]) -> None:
    """Let everybody hear of one post and one vote: then nothing of the way is cold, and the feed is known to work."""
    writes = []
    for number in script.rehearsal():
        now = perf_counter()
        writes.append(script.write(number, _right(script.call(number), send), due=now, answered=now))
    if not await_known(writes, audience, within_s=FIRST_WITHIN_S):
        raise FeedFailed("the live feed did not tell everybody of the first post and the first vote")


def _published(plan: Plan, number: int, send: Send) -> str:
    form = written(f"watched {plan.seed} {number}")
    return str(_right(publish(form, plan.world.accounts[0].token), send).record()["id"])


def _right(call: Call, send: Send) -> Answer:
    answer = send(call)
    outcome, reason = judge(call, answer)
    if outcome is not Outcome.RIGHT:
        raise FeedFailed(f"{call.operation}: {reason}")
    return answer
