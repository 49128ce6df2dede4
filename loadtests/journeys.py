"""What users do, as generators of calls: a journey yields a call and receives its answer.

The closed users of the locustfile send the calls of a journey one after the other. `OpenLoad` starts each call at an arrival.
A mix (loadtests/mixes) gives each journey its weight.
"""

from collections import deque
from collections.abc import Callable, Generator, Mapping
from heapq import heappop, heappush
from itertools import count
from random import Random
from time import perf_counter
from typing import Self

from loadtests import calls
from loadtests.calls import Answer, Call
from loadtests.data import orders
from loadtests.data.pictures import picture
from loadtests.data.world import Account, World, post_form

Steps = Generator[Call, Answer, None]
Journey = Callable[[World, Random], Steps]
# Pauses between placing an order and each read of it: 5 s in all, the contract's limit for "eventually".
READS_AFTER_S = (0.5, 0.5, 1.0, 1.5, 1.5)


def reader(_: World, draw: Random) -> Steps:
    """List the newest posts, read one of them, read its author, read the leaderboard."""
    newest = (yield calls.list_posts()).record()["items"]
    post = draw.choice(newest)
    yield calls.read_post(post["id"], may_be_gone=True)  # without its title: a writer may have changed it since
    yield calls.read_user(post["author"])
    yield draw.choice((calls.leaderboard, calls.leaderboard_page))()


def searcher(world: World, draw: Random) -> Steps:
    """Search for one or two words of a seeded post."""
    words = draw.choice(world.posts).title.lower().split()
    yield calls.search(" ".join(draw.sample(words, draw.choice((1, 2)))))


def writer(world: World, draw: Random) -> Steps:
    """Publish a post, read it, change its title."""
    account = draw.choice(world.accounts)
    form = post_form(f"of a writer {draw.random()}")
    post = (yield calls.publish(form, account.token)).record()
    yield calls.read_post(post["id"], form["title"])
    yield calls.revise(post["id"], f"{form['title']} again", account.token)


def voter(world: World, draw: Random) -> Steps:
    """Vote for any post, then read it."""
    post = draw.choice(world.posts)
    yield calls.cast(post.id, draw.choice((1, -1)), _account(world, draw).token)
    yield calls.read_post(post.id)


def hot_voter(world: World, draw: Random) -> Steps:
    """Vote twice for the hot post, then read it or the leaderboard."""
    yield calls.cast(world.hot.id, draw.choice((1, 1, -1)), _account(world, draw).token)
    yield calls.cast(world.hot.id, 1, _account(world, draw).token)
    yield draw.choice((calls.read_post(world.hot.id), calls.leaderboard()))


def visitor(_: World, draw: Random) -> Steps:
    """Read the trending list and one of its posts, which may be withdrawn, then leave feedback."""
    trending = (yield calls.trending()).record()["items"]
    yield calls.read_post(draw.choice(trending)["post_id"], may_be_gone=True)
    yield calls.leave_feedback(
        post_form(f"of a visitor {draw.random()}")["body"], draw.choice((None, "me@example.com"))
    )


def sitter(world: World, draw: Random) -> Steps:
    """Upload an avatar, then read the avatar of any user."""
    yield calls.upload_avatar(picture(draw.random()), _account(world, draw).token)
    yield calls.read_avatar(_account(world, draw).username)


def buyer(world: World, draw: Random) -> Steps:
    """Read the credits, place an order that they allow or one that must be refused, and read it until it is settled."""
    account = _account(world, draw)
    balance = (yield calls.read_me(account.username, account.token)).record()["credits"]
    known = (yield calls.own_orders(account.token)).record()["items"]
    balance -= sum(order["total_credits"] for order in known if not orders.is_settled(order))
    lines = orders.random_lines(draw.choice(world.posts).id, draw, credits=balance)
    wanted, key = orders.outcome_of(lines), f"{draw.getrandbits(128):032x}"
    order = (yield calls.place_order(lines, wanted, key=key, token=account.token)).record()
    for number, after_s in enumerate(READS_AFTER_S, start=1):
        last = number == len(READS_AFTER_S)
        read = calls.read_order(order["id"], wanted, token=account.token, after_s=after_s, settled_by_now=last)
        if orders.is_settled((yield read).record()):
            break
    yield calls.own_orders(account.token, holding=order["id"])


def drive(steps: Steps, send: Callable[[Call], Answer | None]) -> None:
    """Send the calls of a journey one after the other, until its end or the first call that gets None."""
    try:
        call = next(steps)
        while (answer := send(call)) is not None:
            call = steps.send(answer)
    except StopIteration:
        return


def operations_of(journey: Journey, world: World, answers: Mapping[str, Answer], *, seed: int) -> list[str]:
    """Return the operations that a journey calls in turn. answers: the one that each operation gets."""
    operations: list[str] = []

    def answer(call: Call) -> Answer:
        operations.append(call.operation)
        return answers[call.operation]

    drive(journey(world, Random(seed)), answer)
    return operations


def _account(world: World, draw: Random) -> Account:
    return draw.choice(world.accounts)


# By the names that mixes use.
JOURNEYS: dict[str, Journey] = {
    journey.__name__: journey for journey in (reader, searcher, writer, voter, hot_voter, visitor, sitter, buyer)
}


class JourneyPool:
    """The journeys in progress. Each arrival takes the next call of one of them, or the first call of a new one.

    A journey that waits for an answer or a pause delays only itself: there is a call for every arrival.
    """

    def __init__(self, weights: Mapping[str, float], world: World, seed: str) -> None:
        self._world = world
        self._draw = Random(seed)
        self._journeys, self._weights = [JOURNEYS[name] for name in weights], list(weights.values())
        self._ready: deque[tuple[Steps, Call]] = deque()
        self._paused: list[tuple[float, int, Steps, Call]] = []
        self._numbers = count()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> tuple[Steps, Call]:
        """Return a journey and its next call."""
        while self._paused and self._paused[0][0] <= perf_counter():
            self._ready.append(heappop(self._paused)[2:])
        if self._ready:
            return self._ready.popleft()
        journey = self._draw.choices(self._journeys, self._weights)[0]
        steps = journey(self._world, Random(self._draw.random()))
        return steps, next(steps)

    def advance(self, steps: Steps, answer: Answer) -> None:
        """Continue a journey with an answer. Its next call waits for an arrival, and for its pause if it has one."""
        try:
            call = steps.send(answer)
        except StopIteration:
            return
        if call.after_s:
            heappush(self._paused, (perf_counter() + call.after_s, next(self._numbers), steps, call))
        else:
            self._ready.append((steps, call))
