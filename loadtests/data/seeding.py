"""Seed a system with the same data as every other one, through its public API, and wait until all data is visible."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from random import Random
from time import monotonic, sleep

import httpx

from loadtests import calls
from loadtests.calls import Call
from loadtests.client import CallFailed, open_client, send, succeed
from loadtests.data import audit, orders
from loadtests.data.pictures import picture
from loadtests.data.world import Account, SeededPost, World, post_form

PASSWORD = "correct horse battery"  # noqa: S105 - of users that exist for one run
AT_ONCE = 4
VIEWS = 5  # number of reads of `World.viewed`
STEPS = 5  # accounts, posts, votes, the other features, and the wait until all data is visible
VISIBLE_WITHIN_S = 90.0
POLL_S = 0.2  # each read of a post is a view, which costs a function call
Check = Callable[[httpx.Client, World], str]  # returns what is missing, or ""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is seeded: accounts, posts and votes. Each account also gets an order, an avatar and feedback."""

    accounts: int
    posts: int
    votes: int


def seed(base_url: str, size: Size, *, run: str, done: Callable[[], object], at_once: int = AT_ONCE) -> World:
    """Seed one system and return its world once everything is visible.

    run: part of the usernames, so that a system can be seeded again. done: called after each of the STEPS. at_once: concurrent
    requests. Raise CallFailed if a call fails or the data is not visible in time.
    """
    with open_client(base_url) as client, ThreadPoolExecutor(at_once) as workers:
        names = [f"u{run}_{number}" for number in range(size.accounts)]
        accounts = tuple(workers.map(lambda name: new_account(client, name), names))
        done()
        posts = _posts(client, accounts, size.posts)
        done()
        cast = list(votes(size))
        first, *others = [calls.cast(posts[post].id, value, accounts[voter].token) for post, voter, value in cast]
        succeed(client, first)
        await_visible(client, World(accounts, _with_scores(posts[:1], cast[:1])))
        list(workers.map(lambda call: succeed(client, call), others))
        done()
        world = World(accounts, _with_scores(posts, cast))
        for call in other_features(world):
            succeed(client, call)
        done()
        await_visible(client, world, everything=True)
        done()
    return world


def votes(size: Size) -> Iterable[tuple[int, int, int]]:
    """Yield (post, voter, value): every account votes for the hot post, other pairs are random, none twice."""
    yield from ((0, voter, 1) for voter in range(size.accounts))
    pairs = [(post, voter) for post in range(1, size.posts) for voter in range(size.accounts)]
    draw = Random("votes")
    for post, voter in draw.sample(pairs, min(len(pairs), max(0, size.votes - size.accounts))):
        yield post, voter, draw.choice((1, 1, -1))


def other_features(world: World) -> Iterator[Call]:
    """Yield the avatar, order and feedback of each account, and views of one post. Some orders must be refused."""
    for number, account in enumerate(world.accounts):
        yield calls.upload_avatar(picture(account.username.partition("_")[2]), account.token)
        lines = orders.seed_lines(world.posts[number % len(world.posts)].id, number)
        yield calls.place_order(lines, orders.outcome_of(lines), key=f"seeded-{number}", token=account.token)
        yield calls.leave_feedback(post_form(f"feedback {number}")["body"], f"{account.username}@example.com")
    yield from [calls.read_post(world.viewed.id)] * VIEWS


def new_account(client: httpx.Client, username: str) -> Account:
    """Sign a user up and in."""
    succeed(client, calls.sign_up(username, PASSWORD))
    return Account(username, succeed(client, calls.sign_in(username, PASSWORD)).record()["access_token"])


def await_visible(client: httpx.Client, world: World, *, everything: bool = False) -> None:
    """Wait until scores, leaderboard and search show the posts and their votes. Raise CallFailed after the deadline.

    everything: wait for orders, avatars and views too.
    """
    others: tuple[Check, ...] = (_unsettled_orders, _missing_avatars, _uncounted_views) if everything else ()
    deadline = monotonic() + VISIBLE_WITHIN_S
    for check in (_wrong_scores(world), _missing_on_leaderboard, _missing_in_search, *others):
        while missing := check(client, world):
            if monotonic() > deadline:
                raise CallFailed(f"{client.base_url} is incomplete after {VISIBLE_WITHIN_S:.0f} s: {missing}")
            sleep(POLL_S)


def _posts(client: httpx.Client, accounts: tuple[Account, ...], count: int) -> list[SeededPost]:
    """Publish posts one by one, because their order is part of the data.

    Wait until the first is visible, as after the first vote: then each subscribed function starts once. Without the wait the
    local AWS starts one for each event, thirty and more.
    """
    first = _post(client, accounts, 0)
    await_visible(client, World(accounts, (first,)))
    return [first, *(_post(client, accounts, number) for number in range(1, count))]


def _post(client: httpx.Client, accounts: tuple[Account, ...], number: int) -> SeededPost:
    author = accounts[number % len(accounts)]
    post = succeed(client, calls.publish(post_form(number), author.token)).record()
    return SeededPost(post["id"], author.username, post["title"], 0)


def _with_scores(posts: Iterable[SeededPost], cast: Iterable[tuple[int, int, int]]) -> tuple[SeededPost, ...]:
    scored = list(posts)
    for number, _, value in cast:
        scored[number] = replace(scored[number], score=scored[number].score + value)
    return tuple(scored)


def _wrong_scores(world: World) -> Check:
    """Return a check of all scores that reads each post until its score is right, and then never again."""
    waiting = list(world.posts)

    def wrong(client: httpx.Client, _: World) -> str:
        while waiting:
            post = waiting[-1]
            score = succeed(client, calls.read_post(post.id)).record()["score"]
            if score != post.score:
                return f"post {post.id} scores {score}, not {post.score}"
            waiting.pop()
        return ""

    return wrong


def _missing_on_leaderboard(client: httpx.Client, world: World) -> str:
    scores = {row["post_id"]: row["score"] for row in succeed(client, calls.leaderboard(100)).record()["items"]}
    score = scores.get(world.hot.id)
    full = len(scores) == 100 and min(scores.values()) >= world.hot.score  # a deployed system may have higher scores
    return "" if full or score == world.hot.score else f"the leaderboard shows {score} for the hot post"


def _missing_in_search(client: httpx.Client, world: World) -> str:
    last = world.posts[-1]
    answer = succeed(client, replace(calls.search(last.title, limit=100), check=calls.unchecked)).record()
    ids = {item["post"]["id"] for item in answer["items"]}
    return "" if last.id in ids else f"search does not return {last.id}"


def _unsettled_orders(client: httpx.Client, world: World) -> str:
    placed = [order for own in audit.await_settled(client, world).values() for order in own]
    wrong = [one["id"] for one in placed if (one["status"], one["reason"]) != orders.outcome_of(one["lines"])]
    return f"orders that did not settle as they must: {', '.join(wrong)}" if wrong else ""


def _missing_avatars(client: httpx.Client, world: World) -> str:
    for account in world.accounts:
        if send(client, calls.read_avatar(account.username)).status != 200:
            return f"{account.username} has no avatar"
    return ""


def _uncounted_views(client: httpx.Client, world: World) -> str:
    listed = succeed(client, replace(calls.trending(100), check=calls.unchecked)).record()["items"]
    counted = {row["post_id"]: row["views"] for row in listed}.get(world.viewed.id, 0)
    full = len(listed) == 100 and min(row["views"] for row in listed) >= VIEWS  # as on the leaderboard
    return "" if full or counted >= VIEWS else f"trending counts {counted} views of {world.viewed.id}"
