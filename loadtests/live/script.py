"""What is written for an audience, by number, and who must hear of it.

Even numbers publish a post, which everybody hears of. Odd ones vote for a watched post, in turns; each subscriber watches one.
Nobody votes for a post twice, so each vote raises the score by one, and the score tells which votes a message is about.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import count
from math import ceil

from loadtests import calls
from loadtests.calls import Answer, Call
from loadtests.data.world import written
from loadtests.live.deliveries import CHANGED, PUBLISHED, Write
from loadtests.load import LoadPlan

WATCHED = 4  # posts that are watched, at least


class Script:
    """The writes for one audience. watched: ids of posts that nobody else votes for."""

    def __init__(self, plan: LoadPlan, watched: Sequence[str]) -> None:
        self._accounts = plan.world.accounts
        self._seed = plan.seed
        self._watched = watched
        self._everybody = range(plan.subscribers)
        self._scores = Counter[str]()
        self._given = 2 * len(watched)  # the rehearsal's
        self._numbers = count(self._given)

    def topics(self, subscriber: int) -> tuple[str, str]:
        """Return what a subscriber subscribes to."""
        return "posts", f"post:{self._watched_by(subscriber)}"

    def rehearsal(self) -> list[int]:
        """Return the numbers that, before anything counts, let everybody hear of one post and of one vote."""
        return [0, *range(1, 2 * len(self._watched), 2)]

    def lasts(self, plan: LoadPlan) -> bool:
        """Say whether the accounts have votes left for one more block."""
        return self._given // 2 + votes_in(plan) <= len(self._watched) * len(self._accounts)

    def next(self) -> int:
        """Return the number of the next write."""
        self._given = next(self._numbers) + 1
        return self._given - 1

    def call(self, number: int) -> Call:
        """Return the write of this number."""
        if number % 2 == 0:
            form = written(f"{self._seed} {number}")
            return calls.publish(form, self._accounts[number // 2 % len(self._accounts)].token)
        voter, place = divmod(number // 2, len(self._watched))
        return calls.cast(self._watched[place], 1, self._accounts[voter].token)

    def write(self, number: int, answer: Answer, *, due: float, answered: float) -> Write:
        """Return the write of this number as it must be heard of. answer: the right one; a vote that failed raises no score."""
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


def votes_in(plan: LoadPlan) -> int:
    """Return how many votes a block casts, at most."""
    return (sum(1 for _ in plan.arrivals()) + 1) // 2


def posts_to_watch(plan: LoadPlan) -> int:
    """Return how many posts are watched: so many that the accounts have a vote for each for one block at least."""
    return max(WATCHED, ceil(votes_in(plan) / (len(plan.world.accounts) - 1)))
