"""Measure freshness: the time from a write until each place shows it, on an idle system.

A lag begins with the answer to the write. It ends with the first read that shows the effect, so it contains one read. On the live
feed it ends with the message. Afterwards the consistency audit counts effects that were lost or happened twice. Both must be 0.
"""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from time import monotonic, perf_counter, sleep
from uuid import uuid4

import httpx

from loadtests import calls
from loadtests.calls import Answer, Call
from loadtests.client import open_client, succeed
from loadtests.data import audit, orders
from loadtests.data.pictures import colour, colour_of, picture
from loadtests.data.world import SeededPost, World
from loadtests.live.deliveries import CHANGED, PUBLISHED
from loadtests.live.subscriber import Message, Subscriber, subscribe
from loadtests.results import Freshness, Lag

STEPS = 5  # of each trial: a vote, a post, an order, an avatar, a view
POLL_S = 0.01
VISIBLE_WITHIN_S = 20.0
VIEWS_UNCHANGED_S = 2.0  # longer than either side buffers views


@dataclass(slots=True)
class Feed:
    """The messages of a live feed, read in order. Without a subscriber nothing is measured."""

    subscriber: Subscriber | None
    seen: int = 0

    def skip(self) -> None:
        """Ignore all messages so far."""
        self.seen = len(self.subscriber.messages) if self.subscriber else 0

    def await_message(self, matches: Callable[[Message], bool], *, since: float, lag: Lag) -> None:
        """Wait for a message and add its lag. It is 0 if the message came before the answer to the write."""
        while self.subscriber and perf_counter() - since < VISIBLE_WITHIN_S:
            at = next((at for at, message in self.subscriber.messages[self.seen :] if matches(message)), None)
            if at is not None:
                lag.lags_ms.append(max(0.0, at - since) * 1000)
                return
            sleep(POLL_S)
        lag.never += self.subscriber is not None


def measure(base_url: str, live_url: str, world: World, *, trials: int, done: Callable[[], None]) -> Freshness:
    """Run the trials of each kind and the audit. `done` is called after each of the STEPS of a trial.

    live_url: empty if the system's feed is unknown. Raise CallFailed if a write fails, NotSubscribed if the feed fails.
    """
    result = Freshness()
    with open_client(base_url) as client, open_feed(live_url, world.hot.id) as feed:
        measure_votes_and_posts(client, world, result, feed=feed, trials=trials, done=done)
        if trials:  # this takes two seconds at least
            _await_counted_views(client, world)
        for trial in (_measure_order, _measure_avatar, _measure_view):
            for number in range(trials):
                trial(client, world, number, result)
                done()
        result.audit = audit.audit(client, world)
    return result


def await_caught_up(base_url: str, world: World) -> None:
    """Wait until all projections have handled what was written so far.

    They process writes in order, so one more write of each kind shows it.
    Orders pass through queues without an order: wait until all of them are settled.
    """
    with open_client(base_url) as client:
        measure_votes_and_posts(client, world, Freshness(), feed=Feed(None), trials=1, done=lambda: None)
        audit.await_settled(client, world)


@contextmanager
def open_feed(live_url: str, post_id: str) -> Iterator[Feed]:
    """Subscribe to new posts and to one post's score for the length of a block. Raise NotSubscribed."""
    with subscribe(live_url, [("posts", f"post:{post_id}")] if live_url else []) as subscribers:
        yield Feed(next(iter(subscribers), None))


def poll(client: httpx.Client, call: Call, shows: Callable[[Answer], bool], *, since: float, lag: Lag) -> None:
    """Read until an answer shows the effect, and add the lag. since: the answer to the write, on perf_counter's scale."""
    reads = 0
    while perf_counter() - since < VISIBLE_WITHIN_S:
        if shows(succeed(client, call)):
            lag.lags_ms.append((perf_counter() - since) * 1000)
            lag.stale_first_reads += reads > 0
            return
        reads += 1
        sleep(POLL_S)
    lag.never += 1


def measure_votes_and_posts(
    client: httpx.Client, world: World, result: Freshness, *, feed: Feed, trials: int, done: Callable[[], None]
) -> None:
    """Run the trials of votes and posts, whose projections process writes in order."""
    score = _settle_hot_post(client, world, result)
    for number in range(trials):
        score = _measure_vote(client, world, number, score=score, result=result, feed=feed)
        done()
    for number in range(trials):
        _measure_post(client, world, number, result=result, feed=feed)
        done()


def _settle_hot_post(client: httpx.Client, world: World, result: Freshness) -> int:
    """Let every account vote for the hot post, so that its score is known after any load. Return the score."""
    for account in world.accounts:
        succeed(client, calls.cast(world.hot.id, 1, account.token))
    wanted, deadline = len(world.accounts), monotonic() + VISIBLE_WITHIN_S
    read = calls.read_post(world.hot.id)
    while (score := int(succeed(client, read).record()["score"])) != wanted and monotonic() < deadline:
        sleep(POLL_S)
    result.lost_or_doubled_votes = abs(wanted - score)
    return score


def _measure_vote(client: httpx.Client, world: World, number: int, *, score: int, result: Freshness, feed: Feed) -> int:
    """Reverse the first account's vote and poll every place that shows the score. Return the new score."""
    hot, value = world.hot, -1 if number % 2 == 0 else 1
    score += 2 * value
    feed.skip()
    succeed(client, calls.cast(hot.id, value, world.accounts[0].token))
    since = perf_counter()
    message = {"type": CHANGED, "post_id": hot.id, "score": score}
    places = {
        "vote_to_post_score": (calls.read_post(hot.id), lambda answer: answer.record()["score"] == score),
        "vote_to_leaderboard_json": (calls.leaderboard(100), lambda answer: _json_score(answer, hot.id) == score),
        "vote_to_leaderboard_html": (calls.leaderboard_page(), lambda answer: _html_score(answer, hot) == score),
    }
    kinds = [kind for kind in places if not result.lags[kind].never]  # a full leaderboard may not list the post
    with ThreadPoolExecutor(1 + len(places)) as readers:
        live = readers.submit(feed.await_message, message.__eq__, since=since, lag=result.lags["vote_to_live"])
        list(readers.map(lambda kind: poll(client, *places[kind], since=since, lag=result.lags[kind]), kinds))
        live.result()
    return score


def _measure_post(client: httpx.Client, world: World, number: int, *, result: Freshness, feed: Feed) -> None:
    """Publish a post with a unique word, search for the word, and wait for the message."""
    word = "zq" + "".join(chr(ord("a") + int(digit)) for digit in f"{number}{int(monotonic() * 1000)}") + "o"
    form = {"title": f"About {word}", "body": "To be found.", "tags": []}
    feed.skip()
    post_id = succeed(client, calls.publish(form, world.accounts[0].token)).record()["id"]
    since = perf_counter()
    search = replace(calls.search(word), check=calls.unchecked)  # an empty result is no failure here

    def is_found(answer: Answer) -> bool:
        return post_id in {item["post"]["id"] for item in answer.record()["items"]}

    def is_announced(message: Message) -> bool:
        return message.get("type") == PUBLISHED and message["post"]["id"] == post_id

    with ThreadPoolExecutor(1) as reader:
        live = reader.submit(feed.await_message, is_announced, since=since, lag=result.lags["post_to_live"])
        poll(client, search, is_found, since=since, lag=result.lags["post_to_search"])
        live.result()


def _measure_order(client: httpx.Client, world: World, number: int, result: Freshness) -> None:
    """Order the cheapest boost as the next account, and poll the order until it is settled."""
    token = world.accounts[number % len(world.accounts)].token
    place = calls.place_order([orders.line(world.hot.id)], orders.FULFILLED, key=uuid4().hex, token=token)
    order = succeed(client, place).record()
    since = perf_counter()
    read = calls.read_order(order["id"], orders.FULFILLED, token=token)
    poll(client, read, lambda a: orders.is_settled(a.record()), since=since, lag=result.lags["order_to_settled"])


def _measure_avatar(client: httpx.Client, world: World, number: int, result: Freshness) -> None:
    """Upload a picture of another colour, and poll the thumbnail for that colour."""
    account, name = world.accounts[number % len(world.accounts)], uuid4().hex
    succeed(client, calls.upload_avatar(picture(name), account.token))
    since = perf_counter()
    read = calls.read_avatar(account.username)
    poll(client, read, lambda a: colour_of(a.body) == colour(name), since=since, lag=result.lags["avatar_to_shown"])


def _measure_view(client: httpx.Client, world: World, _: int, result: Freshness) -> None:
    """Read the viewed post, and poll the trending list until the view is counted."""
    before = _views(succeed(client, calls.trending(100)), world)
    succeed(client, calls.read_post(world.viewed.id))
    since = perf_counter()
    listed = calls.trending(100)
    poll(client, listed, lambda a: _views(a, world) > before, since=since, lag=result.lags["view_to_trending"])


def _await_counted_views(client: httpx.Client, world: World) -> None:
    """Wait until earlier views are counted: one of them could be mistaken for a later one."""
    views, since = _views(succeed(client, calls.trending(100)), world), monotonic()
    while monotonic() - since < VIEWS_UNCHANGED_S:
        if (now := _views(succeed(client, calls.trending(100)), world)) != views:
            views, since = now, monotonic()
        sleep(POLL_S)


def _views(answer: Answer, world: World) -> int:
    return {row["post_id"]: int(row["views"]) for row in answer.record()["items"]}.get(world.viewed.id, 0)


def _json_score(answer: Answer, post_id: str) -> int | None:
    return {row["post_id"]: row["score"] for row in answer.record()["items"]}.get(post_id)


def _html_score(answer: Answer, post: SeededPost) -> int | None:
    """Return the last number of the page's row with the post's title and author."""
    for row in re.findall(r"<(tr|li)\b(.*?)</\1>", answer.body.decode(), re.DOTALL):
        if post.title in row[1] and post.author in row[1]:
            numbers = re.findall(r"-?\d+", re.sub(r"<[^>]*>", " ", row[1]))
            return int(numbers[-1]) if numbers else None
    return None
