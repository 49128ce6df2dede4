"""What is written in a block of live load, by number, and who must hear of it.

Even numbers publish a post, which everybody hears of. Odd ones vote for a watched post, in turns; each subscriber watches one.
Nobody votes for a post twice, so each vote raises the score by one, and the score tells which votes a message is about.
"""

from collections.abc import Sequence
from math import ceil

from loadtests import calls
from loadtests.calls import Answer, Call
from loadtests.live.deliveries import CHANGED, PUBLISHED, Write
from loadtests.plan import Plan
from loadtests.world import written

WATCHED = 4  # posts that are watched, at least


class Script:
    """The writes of one block. watched: ids of posts that nobody but this block votes for."""

    def __init__(self, plan: Plan, watched: Sequence[str]) -> None:
        self._accounts = plan.world.accounts
        self._seed = plan.seed
        self._watched = watched
        self._everybody = range(plan.subscribers)

    def topics(self, subscriber: int) -> tuple[str, str]:
        """Return what a subscriber subscribes to."""
        return "posts", f"post:{self._watched_by(subscriber)}"

    def rehearsal(self) -> list[int]:
        """Return the numbers that, before anything counts, let everybody hear of one post and of one vote."""
        return [0, *range(1, 2 * len(self._watched), 2)]

    def first(self) -> int:
        """Return the first number after the rehearsal's."""
        return 2 * len(self._watched)

    def call(self, number: int) -> Call:
        """Return the write of this number."""
        if number % 2 == 0:
            form = written(f"{self._seed} {number}")
            return calls.publish(form, self._accounts[number // 2 % len(self._accounts)].token)
        post_id, score = self._vote(number)
        return calls.cast(post_id, 1, self._accounts[score - 1].token)

    def write(self, number: int, answer: Answer, *, due: float, answered: float) -> Write:
        """Return the write of this number as it must be heard of. answer: the right one."""
        if number % 2 == 0:
            post_id = answer.record()["id"]
            return Write(kind=PUBLISHED, post_id=post_id, due=due, answered=answered, watchers=self._everybody)
        post_id, score = self._vote(number)
        watchers = [one for one in self._everybody if self._watched_by(one) == post_id]
        return Write(kind=CHANGED, post_id=post_id, score=score, due=due, answered=answered, watchers=watchers)

    def _vote(self, number: int) -> tuple[str, int]:
        """Return which post the vote of this number is for, and the score that follows."""
        rounds, place = divmod(number // 2, len(self._watched))
        return self._watched[place], rounds + 1

    def _watched_by(self, subscriber: int) -> str:
        return self._watched[subscriber % len(self._watched)]


def posts_to_watch(plan: Plan) -> int:
    """Return how many posts are watched: so many that the accounts have a vote for each for the length of the block."""
    votes = ceil(plan.rate * (plan.warm_up_s + plan.duration_s) / 2)
    return max(WATCHED, ceil(votes / (len(plan.world.accounts) - 1)))
