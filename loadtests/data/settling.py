"""Waits until everything that was seeded shows, also where it is eventual."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from time import monotonic, sleep

import httpx

from loadtests import calls
from loadtests.client import CallFailed, send, succeed
from loadtests.data import ledger, orders
from loadtests.data.world import World

SETTLED_WITHIN_S = 90.0
POLL_S = 0.2  # each look at a post is a view, which a function counts
Check = Callable[[httpx.Client, World], str]  # what is not there yet, in words


def await_settled(client: httpx.Client, world: World, *, views: int) -> None:
    """Wait until scores, leaderboard, search, orders, avatars and views show everything. Raise CallFailed after the deadline."""
    rooms = (_unsettled_orders, _missing_avatars, lambda client, world: _uncounted_views(client, world, views))
    _await(client, world, (*_heard(world), *rooms))


def await_heard(client: httpx.Client, world: World) -> None:
    """Wait until scores, leaderboard and search show the posts and the votes on them. Raise CallFailed after the deadline."""
    _await(client, world, _heard(world))


def _heard(world: World) -> tuple[Check, ...]:
    return _wrong_scores(world), _missing_on_board, _missing_in_search


def _await(client: httpx.Client, world: World, checks: Iterable[Check]) -> None:
    deadline = monotonic() + SETTLED_WITHIN_S
    for unsettled in checks:
        while missing := unsettled(client, world):
            if monotonic() > deadline:
                raise CallFailed(f"{client.base_url} did not settle in {SETTLED_WITHIN_S:.0f} s: {missing}")
            sleep(POLL_S)


def _wrong_scores(world: World) -> Check:
    """Every vote is cast, so a score that was right once stays so, and is not asked for again."""
    waiting = list(world.posts)

    def wrong(client: httpx.Client, _: World) -> str:
        while waiting:
            post = waiting[-1]
            shown = succeed(client, calls.read_post(post.id)).record()["score"]
            if shown != post.score:
                return f"post {post.id} scores {shown}, not {post.score}"
            waiting.pop()
        return ""

    return wrong


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


def _unsettled_orders(client: httpx.Client, world: World) -> str:
    known = [order for own in ledger.await_settled(client, world).values() for order in own]
    wrong = [one["id"] for one in known if (one["status"], one["reason"]) != orders.outcome_of(one["lines"])]
    return f"orders that are not settled as they must be: {', '.join(wrong)}" if wrong else ""


def _missing_avatars(client: httpx.Client, world: World) -> str:
    for account in world.accounts:
        if send(client, calls.read_avatar(account.username)).status != 200:
            return f"{account.username} has no avatar"
    return ""


def _uncounted_views(client: httpx.Client, world: World, views: int) -> str:
    listed = succeed(client, replace(calls.trending(100), check=calls.unchecked)).record()["items"]
    shown = {row["post_id"]: row["views"] for row in listed}.get(world.viewed.id, 0)
    full = len(listed) == 100 and min(row["views"] for row in listed) >= views  # as on the leaderboard
    return "" if full or shown >= views else f"trending counts {shown} views of {world.viewed.id}"
