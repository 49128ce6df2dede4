"""The data set, made through the public API: the same accounts, posts and votes on every system, in the same order."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from random import Random
from time import monotonic, sleep

import httpx

from loadtests import calls
from loadtests.client import CallFailed, opened, succeed
from loadtests.world import Account, SeededPost, World, written

PASSWORD = "correct horse battery"  # noqa: S105 - of users that exist for one run
AT_ONCE = 4
STEPS = 4  # accounts, posts, votes, and waiting until all of it shows
SETTLED_WITHIN_S = 90.0


@dataclass(frozen=True, slots=True)
class Size:
    """How much is seeded: accounts, posts, and votes on all posts together."""

    accounts: int
    posts: int
    votes: int


def seed(base_url: str, size: Size, *, run: str, done: Callable[[], object]) -> World:
    """Fill one system and return what is there once every vote and search entry shows.

    run: goes into the usernames, so that a system can be seeded again. done: hears of each of the STEPS.
    Raise CallFailed if a call fails or the projections do not settle in time.
    """
    with opened(base_url) as client, ThreadPoolExecutor(AT_ONCE) as workers:
        names = [f"u{run}_{number}" for number in range(size.accounts)]
        accounts = tuple(workers.map(lambda name: _account(client, name), names))
        done()
        posts = [
            _post(client, accounts, number) for number in range(size.posts)
        ]  # one by one: order is part of the data
        done()
        scores = [0] * len(posts)
        drawn = list(votes(size))
        for post, _, value in drawn:
            scores[post] += value
        cast = [calls.cast(posts[post].id, value, accounts[voter].token) for post, voter, value in drawn]
        list(workers.map(lambda call: succeed(client, call), cast))
        world = World(accounts, tuple(replace(post, score=score) for post, score in zip(posts, scores, strict=True)))
        done()
        await_settled(client, world)
        done()
    return world


def await_settled(client: httpx.Client, world: World) -> None:
    """Wait until scores, leaderboard and search show everything. Raise CallFailed after the deadline."""
    deadline = monotonic() + SETTLED_WITHIN_S
    for unsettled in (_wrong_scores, _missing_on_board, _missing_in_search):
        while missing := unsettled(client, world):
            if monotonic() > deadline:
                raise CallFailed(f"{client.base_url} did not settle in {SETTLED_WITHIN_S:.0f} s: {missing}")
            sleep(0.05)


def _account(client: httpx.Client, username: str) -> Account:
    succeed(client, calls.sign_up(username, PASSWORD))
    return Account(username, succeed(client, calls.sign_in(username, PASSWORD)).record()["access_token"])


def _post(client: httpx.Client, accounts: tuple[Account, ...], number: int) -> SeededPost:
    author = accounts[number % len(accounts)]
    post = succeed(client, calls.publish(written(number), author.token)).record()
    return SeededPost(post["id"], author.username, post["title"], 0)


def votes(size: Size) -> Iterable[tuple[int, int, int]]:
    """Yield (post, voter, value): everybody for the hot post, the others drawn, each pair once."""
    yield from ((0, voter, 1) for voter in range(size.accounts))
    pairs = [(post, voter) for post in range(1, size.posts) for voter in range(size.accounts)]
    draw = Random("votes")
    for post, voter in draw.sample(pairs, min(len(pairs), max(0, size.votes - size.accounts))):
        yield post, voter, draw.choice((1, 1, -1))


def _wrong_scores(client: httpx.Client, world: World) -> str:
    for post in world.posts:
        shown = succeed(client, calls.read_post(post.id)).record()["score"]
        if shown != post.score:
            return f"post {post.id} scores {shown}, not {post.score}"
    return ""


def _missing_on_board(client: httpx.Client, world: World) -> str:
    board = {row["post_id"]: row["score"] for row in succeed(client, calls.leaderboard(100)).record()["items"]}
    shown = board.get(world.hot.id)
    full = len(board) == 100 and min(board.values()) >= world.hot.score  # a deployed system may hold higher scores
    return "" if full or shown == world.hot.score else f"the leaderboard gives the hot post {shown}"


def _missing_in_search(client: httpx.Client, world: World) -> str:
    last = world.posts[-1]
    answer = succeed(client, replace(calls.search(last.title, limit=100), check=calls.unchecked)).record()
    found = {item["post"]["id"] for item in answer["items"]}
    return "" if last.id in found else f"search does not find {last.id}"
