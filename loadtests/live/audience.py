"""An audience: subscribers who stay for many blocks, the posts that they watch, and the writes that they must hear of."""

from collections.abc import Sequence
from contextlib import ExitStack
from time import perf_counter, sleep
from typing import Self

from loadtests.calls import Answer, Call, Outcome, Send, judge, publish
from loadtests.data.world import written
from loadtests.errors import RunError
from loadtests.live.deliveries import Write, known_at
from loadtests.live.script import Script, posts_to_watch
from loadtests.live.subscriber import Heard, Subscriber, subscribed
from loadtests.load import LoadPlan

FIRST_WITHIN_S = 20.0  # cold starts
POLL_S = 0.01


class FeedFailed(RunError):
    """A system took no write, or delivered nothing, before the load began."""


class Audience:
    """Everybody who listens to one system."""

    def __init__(self, plan: LoadPlan, send: Send) -> None:
        """Publish the posts to watch, subscribe, and let everybody hear of one post and one vote: nothing is cold then.

        Raise NotSubscribed or FeedFailed if the feed does not work at all.
        """
        self.script = Script(plan, [_published(plan, number, send) for number in range(posts_to_watch(plan))])
        topics = [self.script.topics(number) for number in range(plan.subscribers)]
        with ExitStack() as stack:
            self._subscribers = stack.enter_context(subscribed(plan.live_url, topics))
            self._rehearse(send)
            self._open = stack.pop_all()

    @classmethod
    def of(cls, plan: LoadPlan, send: Send, present: Self | None) -> Self:
        """Return the audience that is present if it lasts for one more block, else a new one."""
        if present and present.script.lasts(plan):
            return present
        if present:
            present.close()
        return cls(plan, send)

    def close(self) -> None:
        """Let everybody go."""
        self._open.close()

    def await_known(self, writes: Sequence[Write], *, within_s: float) -> bool:
        """Wait until everybody has heard of everything, or so long; say whether they have."""
        return await_known(writes, self._subscribers, within_s=within_s)

    def heard(self, *, since: float) -> list[Heard]:
        """Return what each has heard so far, its times counted from a moment on perf_counter's scale."""
        return [[(at - since, message) for at, message in one.heard] for one in self._subscribers]

    def _rehearse(self, send: Send) -> None:
        writes = []
        for number in self.script.rehearsal():
            now = perf_counter()
            writes.append(self.script.write(number, _right(self.script.call(number), send), due=now, answered=now))
        if not self.await_known(writes, within_s=FIRST_WITHIN_S):
            raise FeedFailed("the live feed did not tell everybody of the first post and the first vote")


def await_known(writes: Sequence[Write], audience: Sequence[Subscriber], *, within_s: float) -> bool:
    """Wait until everybody has heard of everything, or so long; say whether they have."""
    deadline = perf_counter() + within_s
    open_ones = [(write, audience[one].heard) for write in writes for one in write.watchers]
    while open_ones := [(write, heard) for write, heard in open_ones if known_at(write, heard) is None]:
        if perf_counter() > deadline:
            return False
        sleep(POLL_S)
    return True


def _published(plan: LoadPlan, number: int, send: Send) -> str:
    form = written(f"watched {plan.seed} {number}")
    return str(_right(publish(form, plan.world.accounts[0].token), send).record()["id"])


def _right(call: Call, send: Send) -> Answer:
    answer = send(call)
    outcome, reason = judge(call, answer)
    if outcome is not Outcome.SUCCESS:
        raise FeedFailed(f"{call.operation}: {reason}")
    return answer
