"""A lag ends with the message or the read that shows the write. Writes that never become visible are counted."""

from time import perf_counter

import httpx
import pytest

from loadtests.calls import Call, unchecked
from loadtests.data.orders import outcome_of
from loadtests.data.seeding import VIEWS, other_features
from loadtests.data.world import Account, SeededPost, World
from loadtests.freshness import Feed, open_feed, poll
from loadtests.live.subscriber import NotSubscribed, live_url_below
from loadtests.results import Lag
from tests.loadtests.planted_feed import feeding


class Ended:
    """A subscriber that has received all its messages."""

    def __init__(self, *messages: tuple[float, dict[str, object]]) -> None:
        self.messages = list(messages)


def test_a_message_before_the_answer_has_no_lag() -> None:
    answered, lag = perf_counter(), Lag()
    feed = Feed(Ended((answered - 0.5, {"type": "a"}), (answered + 0.25, {"type": "b"})))  # type: ignore[arg-type]
    feed.await_message(lambda message: message["type"] == "a", since=answered, lag=lag)
    feed.await_message(lambda message: message["type"] == "b", since=answered, lag=lag)
    assert lag.lags_ms == [0.0, pytest.approx(250)]


def test_a_message_before_the_write_does_not_count() -> None:
    long_ago, lag = perf_counter() - 60, Lag()
    feed = Feed(Ended((long_ago, {"type": "a"})))  # type: ignore[arg-type]
    feed.skip()
    feed.await_message(lambda message: True, since=long_ago, lag=lag)
    assert (lag.lags_ms, lag.never) == ([], 1)


def test_without_a_feed_nothing_is_measured() -> None:
    lag = Lag()
    Feed(None).await_message(lambda message: True, since=perf_counter(), lag=lag)
    assert lag == Lag()


def test_a_feed_is_subscribed_to_new_posts_and_one_score() -> None:
    with feeding(lambda message, subscriber: 1) as url, open_feed(live_url_below(url), "P1") as feed:
        assert feed.subscriber is not None
        assert feed.seen == 0


def test_a_feed_that_refuses_is_reported() -> None:
    with (
        feeding(lambda message, subscriber: 1) as url,
        pytest.raises(NotSubscribed, match="404"),
        open_feed(f"{live_url_below(url)}/nowhere", "P1"),
    ):
        pass


def test_every_account_leaves_feedback_and_an_order_and_orders_of_each_outcome_are_seeded() -> None:
    accounts = tuple(Account(f"user_{number}", f"token {number}") for number in range(8))
    world = World(accounts, tuple(SeededPost(f"P{number}", "ada", "Title", 0) for number in range(4)))
    calls = list(other_features(world))
    assert [call.operation for call in calls].count("POST /feedback") == len(accounts)
    placed = [call.body["lines"] for call in calls if call.body and "lines" in call.body]
    assert {outcome_of(lines) for lines in placed} == {
        ("fulfilled", None), ("rejected", "post_not_found"), ("rejected", "insufficient_credits")
    }  # fmt: skip
    assert [call.path for call in calls].count("/posts/P1") == VIEWS


@pytest.mark.parametrize(("reads", "stale"), [(1, 0), (3, 1)])
def test_a_lag_ends_with_the_first_read_that_shows_the_write(reads: int, stale: int) -> None:
    answers: list[int] = []

    def answer(request: httpx.Request) -> httpx.Response:
        answers.append(len(answers) + 1)
        return httpx.Response(200, json={"id": "P1", "score": answers[-1]})

    lag, call = Lag(), Call(operation="GET /posts/P1", path="/posts/P1", check=unchecked)
    with httpx.Client(transport=httpx.MockTransport(answer), base_url="http://any.test") as client:
        poll(client, call, lambda seen: seen.record()["score"] == reads, since=perf_counter(), lag=lag)
    assert (len(answers), len(lag.lags_ms), lag.stale_first_reads, lag.never) == (reads, 1, stale, 0)
