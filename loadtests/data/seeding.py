"""Seed a system through its public API: the same data in the same order on every system."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from random import Random

import httpx

from loadtests import calls
from loadtests.calls import Call
from loadtests.client import opened, succeed
from loadtests.data import orders
from loadtests.data.pictures import picture
from loadtests.data.settling import await_complete, await_votes_and_search
from loadtests.data.world import Account, SeededPost, World, written

PASSWORD = "correct horse battery"  # noqa: S105 - of users that exist for one run
AT_ONCE = 4
VIEWS = 5  # of the viewed post
STEPS = 5  # accounts, posts, votes, the other features, and waiting until all of it is visible


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
    with opened(base_url) as client, ThreadPoolExecutor(at_once) as workers:
        names = [f"u{run}_{number}" for number in range(size.accounts)]
        accounts = tuple(workers.map(lambda name: _account(client, name), names))
        done()
        posts = _posts(client, accounts, size.posts)
        done()
        cast = list(votes(size))
        first, *others = [calls.cast(posts[post].id, value, accounts[voter].token) for post, voter, value in cast]
        succeed(client, first)
        await_votes_and_search(client, World(accounts, _scored(posts[:1], cast[:1])))
        list(workers.map(lambda call: succeed(client, call), others))
        done()
        world = World(accounts, _scored(posts, cast))
        for call in other_features(world):
            succeed(client, call)
        done()
        await_complete(client, world, views=VIEWS)
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
        lines = orders.seeded(world, number)
        yield calls.place_order(lines, orders.outcome_of(lines), key=f"seeded-{number}", token=account.token)
        yield calls.leave_feedback(written(f"feedback {number}")["body"], f"{account.username}@example.com")
    yield from [calls.read_post(world.viewed.id)] * VIEWS


def _account(client: httpx.Client, username: str) -> Account:
    succeed(client, calls.sign_up(username, PASSWORD))
    return Account(username, succeed(client, calls.sign_in(username, PASSWORD)).record()["access_token"])


def _posts(client: httpx.Client, accounts: tuple[Account, ...], count: int) -> list[SeededPost]:
    """Publish posts one by one, because their order is part of the data.

    Wait until the first is visible, as after the first vote: then each subscribed function starts once. Without the wait the
    local AWS starts one for each event, thirty and more.
    """
    first = _post(client, accounts, 0)
    await_votes_and_search(client, World(accounts, (first,)))
    return [first, *(_post(client, accounts, number) for number in range(1, count))]


def _post(client: httpx.Client, accounts: tuple[Account, ...], number: int) -> SeededPost:
    author = accounts[number % len(accounts)]
    post = succeed(client, calls.publish(written(number), author.token)).record()
    return SeededPost(post["id"], author.username, post["title"], 0)


def _scored(posts: Iterable[SeededPost], cast: Iterable[tuple[int, int, int]]) -> tuple[SeededPost, ...]:
    scored = list(posts)
    for number, _, value in cast:
        scored[number] = replace(scored[number], score=scored[number].score + value)
    return tuple(scored)
