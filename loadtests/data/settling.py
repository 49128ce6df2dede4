"""Wait until all seeded data is visible, including what is eventually consistent."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from time import monotonic, sleep

import httpx

from loadtests import calls
from loadtests.client import CallFailed, send, succeed
from loadtests.data import audit, orders
from loadtests.data.world import World

VISIBLE_WITHIN_S = 90.0
POLL_S = 0.2  # each read of a post is a view, which costs a function call
Check = Callable[[httpx.Client, World], str]  # returns what is missing, or ""


def await_complete(client: httpx.Client, world: World, *, views: int) -> None:
    """Wait until scores, leaderboard, search, orders, avatars and views are complete. Raise CallFailed after the deadline."""
    others = (_unsettled_orders, _missing_avatars, lambda client, world: _uncounted_views(client, world, views))
    _await(client, world, (*_votes_and_search(world), *others))


def await_votes_and_search(client: httpx.Client, world: World) -> None:
    """Wait until scores, leaderboard and search show the posts and their votes. Raise CallFailed after the deadline."""
    _await(client, world, _votes_and_search(world))


def _votes_and_search(world: World) -> tuple[Check, ...]:
    return _wrong_scores(world), _missing_on_leaderboard, _missing_in_search


def _await(client: httpx.Client, world: World, checks: Iterable[Check]) -> None:
    deadline = monotonic() + VISIBLE_WITHIN_S
    for check in checks:
        while missing := check(client, world):
            if monotonic() > deadline:
                raise CallFailed(f"{client.base_url} is incomplete after {VISIBLE_WITHIN_S:.0f} s: {missing}")
            sleep(POLL_S)


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
    full = len(scores) == 100 and min(scores.values()) >= world.hot.score  # a deployed system may hold higher scores
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


def _uncounted_views(client: httpx.Client, world: World, views: int) -> str:
    listed = succeed(client, replace(calls.trending(100), check=calls.unchecked)).record()["items"]
    counted = {row["post_id"]: row["views"] for row in listed}.get(world.viewed.id, 0)
    full = len(listed) == 100 and min(row["views"] for row in listed) >= views  # as on the leaderboard
    return "" if full or counted >= views else f"trending counts {counted} views of {world.viewed.id}"
