"""From a vote to the post's score, to the leaderboard, to its page, and to the message about it."""

import re
from concurrent.futures import ThreadPoolExecutor
from time import monotonic, perf_counter, sleep

import httpx

from loadtests import calls
from loadtests.calls import Answer
from loadtests.client import succeed
from loadtests.data.world import SeededPost, World
from loadtests.freshness.lags import POLL_S, VISIBLE_WITHIN_S, Freshness, watch
from loadtests.freshness.live import Listener
from loadtests.live.deliveries import CHANGED

WATCHES = 4


def settle_hot(client: httpx.Client, world: World, found: Freshness) -> int:
    """Let every account vote for the hot post once more, and return its score: it is known then, whatever a storm left."""
    for account in world.accounts:
        succeed(client, calls.cast(world.hot.id, 1, account.token))
    wanted, deadline = len(world.accounts), monotonic() + VISIBLE_WITHIN_S
    read = calls.read_post(world.hot.id)
    while (score := int(succeed(client, read).record()["score"])) != wanted and monotonic() < deadline:
        sleep(POLL_S)
    found.lost_or_doubled_votes = abs(wanted - score)
    return score


def turn_around(
    client: httpx.Client, world: World, number: int, *, score: int, found: Freshness, listener: Listener
) -> int:
    """Turn the first account's vote around, see when everything shows it, and return the score that follows."""
    value = -1 if number % 2 == 0 else 1
    score += 2 * value
    listener.mark()
    succeed(client, calls.cast(world.hot.id, value, world.accounts[0].token))
    _watch_vote(client, world.hot, score, found=found, listener=listener)
    return score


def _watch_vote(client: httpx.Client, hot: SeededPost, score: int, *, found: Freshness, listener: Listener) -> None:
    voted, told = perf_counter(), {"type": CHANGED, "post_id": hot.id, "score": score}
    watches = {
        "vote_to_post_score": (calls.read_post(hot.id), lambda answer: answer.record()["score"] == score),
        "vote_to_leaderboard_json": (calls.leaderboard(100), lambda answer: _on_board(answer, hot.id) == score),
        "vote_to_leaderboard_html": (calls.leaderboard_page(), lambda answer: _on_page(answer, hot) == score),
    }
    kinds = [kind for kind in watches if not found.lags[kind].never]  # a deployed board may have no place for our post
    with ThreadPoolExecutor(WATCHES) as readers:
        heard = readers.submit(listener.hear, told.__eq__, since=voted, lag=found.lags["vote_to_live"])
        list(readers.map(lambda kind: watch(client, *watches[kind], since=voted, lag=found.lags[kind]), kinds))
        heard.result()


def _on_board(answer: Answer, post_id: str) -> int | None:
    return {row["post_id"]: row["score"] for row in answer.record()["items"]}.get(post_id)


def _on_page(answer: Answer, post: SeededPost) -> int | None:
    """Return the last number of the page's row that holds the post's title and author: its score."""
    for row in re.findall(r"<(tr|li)\b(.*?)</\1>", answer.body.decode(), re.DOTALL):
        if post.title in row[1] and post.author in row[1]:
            numbers = re.findall(r"-?\d+", re.sub(r"<[^>]*>", " ", row[1]))
            return int(numbers[-1]) if numbers else None
    return None
