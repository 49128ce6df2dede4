"""How long until everybody sees it: from a vote to score, board and page, from a post to search.

Each lag runs from the answer to the write until the answer to the first read that shows it, so it includes one read.
"""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from time import monotonic, perf_counter, sleep

import httpx

from loadtests import calls
from loadtests.calls import Answer, Call
from loadtests.client import opened, succeed
from loadtests.world import SeededPost, World

POLL_S = 0.01
VISIBLE_WITHIN_S = 20.0
KINDS = ("vote_to_post_score", "vote_to_leaderboard_json", "vote_to_leaderboard_html", "post_to_search")


@dataclass(slots=True)
class Lag:
    """The lags of one kind in milliseconds, how many first reads were stale, and how often it never showed."""

    lags_ms: list[float] = field(default_factory=list)
    stale_first_reads: int = 0
    never: int = 0


@dataclass(slots=True)
class Freshness:
    """All lags of one system, and by how many votes the hot post's score was wrong after the storm."""

    lags: dict[str, Lag] = field(default_factory=lambda: {kind: Lag() for kind in KINDS})
    lost_or_doubled_votes: int = 0


def measure(base_url: str, world: World, trials: int, done: Callable[[], None]) -> Freshness:
    """Run so many trials of each kind on one quiet system; `done` hears of each. Raise CallFailed if a write fails."""
    found = Freshness()
    with opened(base_url) as client, _pool() as readers:
        score = _settle_hot(client, world, found)
        for number in range(trials):
            value = -1 if number % 2 == 0 else 1
            score += 2 * value
            succeed(client, calls.cast(world.hot.id, value, world.accounts[0].token))
            _watch_vote(client, world, score, found, readers)
            done()
        for number in range(trials):
            _post_to_search(client, world, number, found.lags["post_to_search"])
            done()
    return found


def await_caught_up(base_url: str, world: World) -> None:
    """Wait until what was written so far has gone through every projection: they keep the order, so one more of each tells."""
    measure(base_url, world, 1, lambda: None)


def _settle_hot(client: httpx.Client, world: World, found: Freshness) -> int:
    """Let every account vote for the hot post once more, so that its score is known whatever a storm left."""
    for account in world.accounts:
        succeed(client, calls.cast(world.hot.id, 1, account.token))
    wanted, deadline = len(world.accounts), monotonic() + VISIBLE_WITHIN_S
    read = calls.read_post(world.hot.id)
    while (score := int(succeed(client, read).record()["score"])) != wanted and monotonic() < deadline:
        sleep(POLL_S)
    found.lost_or_doubled_votes = abs(wanted - score)
    return score


def _watch_vote(client: httpx.Client, world: World, score: int, found: Freshness, readers: ThreadPoolExecutor) -> None:
    hot, voted = world.hot, perf_counter()
    watches = {
        "vote_to_post_score": (calls.read_post(hot.id), lambda answer: answer.record()["score"] == score),
        "vote_to_leaderboard_json": (calls.leaderboard(100), lambda answer: _on_board(answer, hot.id) == score),
        "vote_to_leaderboard_html": (calls.leaderboard_page(), lambda answer: _on_page(answer, hot) == score),
    }
    kinds = [kind for kind in watches if not found.lags[kind].never]  # a deployed board may have no place for our post
    list(readers.map(lambda kind: _watch(client, *watches[kind], since=voted, lag=found.lags[kind]), kinds))


def _post_to_search(client: httpx.Client, world: World, number: int, lag: Lag) -> None:
    word = "zq" + "".join(chr(ord("a") + int(digit)) for digit in f"{number}{int(monotonic() * 1000)}") + "o"
    form = {"title": f"About {word}", "body": "To be found.", "tags": []}
    post = succeed(client, calls.publish(form, world.accounts[0].token)).record()
    found_at = replace(calls.search(word), check=calls.unchecked)  # nothing found is no failure here
    _watch(
        client,
        found_at,
        lambda answer: post["id"] in {item["post"]["id"] for item in answer.record()["items"]},
        since=perf_counter(),
        lag=lag,
    )


def _watch(client: httpx.Client, call: Call, shows: Callable[[Answer], bool], *, since: float, lag: Lag) -> None:
    reads = 0
    while perf_counter() - since < VISIBLE_WITHIN_S:
        if shows(succeed(client, call)):
            lag.lags_ms.append((perf_counter() - since) * 1000)
            lag.stale_first_reads += reads > 0
            return
        reads += 1
        sleep(POLL_S)
    lag.never += 1


def _on_board(answer: Answer, post_id: str) -> int | None:
    return {row["post_id"]: row["score"] for row in answer.record()["items"]}.get(post_id)


def _on_page(answer: Answer, post: SeededPost) -> int | None:
    """Return the last number of the page's row that holds the post's title and author: its score."""
    for row in re.findall(r"<(tr|li)\b(.*?)</\1>", answer.body.decode(), re.DOTALL):
        if post.title in row[1] and post.author in row[1]:
            numbers = re.findall(r"-?\d+", re.sub(r"<[^>]*>", " ", row[1]))
            return int(numbers[-1]) if numbers else None
    return None


@contextmanager
def _pool() -> Iterator[ThreadPoolExecutor]:
    pool = ThreadPoolExecutor(len(KINDS))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
