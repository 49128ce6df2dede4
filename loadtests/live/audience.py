"""The subscribers of one system for many blocks, and the writes whose messages they must receive.

Even numbers publish a post, whose message goes to everybody. Odd ones vote for a watched post in turn; each subscriber watches
one. Nobody votes for a post twice, so each vote raises the score by one, and the score says which votes a message covers.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import count
from math import ceil
from time import perf_counter, sleep
from typing import Self

import httpx

from loadtests import calls
from loadtests.calls import Answer, Call
from loadtests.client import open_client, succeed
from loadtests.data.world import post_form
from loadtests.errors import RunError
from loadtests.live.deliveries import CHANGED, PUBLISHED, Write, received_at
from loadtests.live.subscriber import Messages, Subscriber, subscribe
from loadtests.load import LoadPlan

FIRST_WITHIN_S = 20.0  # cold starts
POLL_S = 0.01
WATCHED = 4  # posts that are watched, at least


class FeedFailed(RunError):
    """A feed delivered nothing before the load began."""


class Script:
    """The writes for one audience, by number. watched: ids of posts that nobody else votes for."""

    def __init__(self, plan: LoadPlan, watched: Sequence[str]) -> None:
        self._accounts = plan.world.accounts
        self._seed = plan.seed
        self._watched = watched
        self._everybody = range(plan.subscribers)
        self._scores = Counter[str]()
        self._used = 2 * len(watched)  # the rehearsal's numbers
        self._numbers = count(self._used)

    def topics(self, subscriber: int) -> tuple[str, str]:
        """Return the topics of a subscriber."""
        return "posts", f"post:{self._watched_by(subscriber)}"

    def rehearsal(self) -> list[int]:
        """Return the numbers of one post and one vote for every watched post, to send before the load."""
        return [0, *range(1, 2 * len(self._watched), 2)]

    def lasts(self, plan: LoadPlan) -> bool:
        """Return whether the accounts have votes left for one more block."""
        return self._used // 2 + votes_in(plan) <= len(self._watched) * len(self._accounts)

    def __iter__(self) -> Iterator[tuple[int, Call]]:
        """Yield the number of each write and its call."""
        for number in self._numbers:
            self._used = number + 1
            yield number, self.call(number)

    def call(self, number: int) -> Call:
        """Return the call of a write."""
        if number % 2 == 0:
            form = post_form(f"{self._seed} {number}")
            return calls.publish(form, self._accounts[number // 2 % len(self._accounts)].token)
        voter, place = divmod(number // 2, len(self._watched))
        return calls.cast(self._watched[place], 1, self._accounts[voter].token)

    def write(self, number: int, answer: Answer, *, due: float, answered: float) -> Write:
        """Return a write after its successful answer. A vote that fails raises no score."""
        if number % 2 == 0:
            post_id = answer.record()["id"]
            return Write(kind=PUBLISHED, post_id=post_id, due=due, answered=answered, watchers=self._everybody)
        post_id = self._watched[number // 2 % len(self._watched)]
        self._scores[post_id] += 1
        watchers = [one for one in self._everybody if self._watched_by(one) == post_id]
        score = self._scores[post_id]
        return Write(kind=CHANGED, post_id=post_id, score=score, due=due, answered=answered, watchers=watchers)

    def _watched_by(self, subscriber: int) -> str:
        return self._watched[subscriber % len(self._watched)]


class Audience:
    """All subscribers of one system."""

    def __init__(self, plan: LoadPlan) -> None:
        """Publish the watched posts, subscribe, and wait until one post and one vote have reached everybody.

        After that nothing is cold. Raise NotSubscribed, CallFailed or FeedFailed if the feed does not work.
        """
        with ExitStack() as stack, open_client(plan.base_url) as client:
            self.script = Script(plan, [_publish(plan, number, client) for number in range(_watched(plan))])
            topics = [self.script.topics(number) for number in range(plan.subscribers)]
            self._subscribers = stack.enter_context(subscribe(plan.live_url, topics))
            self._rehearse(client)
            self._open = stack.pop_all()

    @classmethod
    def of(cls, plan: LoadPlan, present: Self | None) -> Self:
        """Return the present audience if its votes last for one more block, else a new one."""
        if present and present.script.lasts(plan):
            return present
        if present:
            present.close()
        return cls(plan)

    def close(self) -> None:
        """Close all connections."""
        self._open.close()

    def await_received(self, writes: Sequence[Write], *, within_s: float) -> bool:
        """Wait until everybody has received everything; return whether that happens in time."""
        return await_received(writes, self._subscribers, within_s=within_s)

    def messages(self, *, since: float) -> list[Messages]:
        """Return the messages of each subscriber, their times relative to a time on perf_counter's scale."""
        return [[(at - since, message) for at, message in one.messages] for one in self._subscribers]

    def _rehearse(self, client: httpx.Client) -> None:
        writes = []
        for number in self.script.rehearsal():
            now = perf_counter()
            answer = succeed(client, self.script.call(number))
            writes.append(self.script.write(number, answer, due=now, answered=now))
        if not self.await_received(writes, within_s=FIRST_WITHIN_S):
            raise FeedFailed("the live feed did not deliver the first post and the first votes to everybody")


def await_received(writes: Sequence[Write], subscribers: Sequence[Subscriber], *, within_s: float) -> bool:
    """Wait until every watcher has received every write; return whether that happens in time."""
    deadline = perf_counter() + within_s
    pending = [(write, subscribers[one].messages) for write in writes for one in write.watchers]
    while pending := [(write, messages) for write, messages in pending if received_at(write, messages) is None]:
        if perf_counter() > deadline:
            return False
        sleep(POLL_S)
    return True


def votes_in(plan: LoadPlan) -> int:
    """Return the maximum number of votes in a block."""
    return (plan.due() + 1) // 2


def _watched(plan: LoadPlan) -> int:
    """Return the number of watched posts: enough for the accounts to have a vote for each in one block at least."""
    return max(WATCHED, ceil(votes_in(plan) / (len(plan.world.accounts) - 1)))


def _publish(plan: LoadPlan, number: int, client: httpx.Client) -> str:
    form = post_form(f"watched {plan.seed} {number}")
    return str(succeed(client, calls.publish(form, plan.world.accounts[0].token)).record()["id"])
