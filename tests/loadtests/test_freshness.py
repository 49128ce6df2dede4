"""A lag ends when somebody knows; what nobody ever hears of is said so."""

from time import perf_counter

import pytest

from loadtests.data.orders import outcome_of
from loadtests.data.seeding import VIEWS, other_features
from loadtests.data.world import Account, SeededPost, World
from loadtests.freshness.lags import Lag
from loadtests.freshness.live import Listener, listening
from loadtests.live.subscriber import NotSubscribed, beside
from tests.loadtests.planted_feed import feeding


class Ended:
    """A subscriber whose messages have all come."""

    def __init__(self, *heard: tuple[float, dict[str, object]]) -> None:
        self.heard = list(heard)


def test_a_message_that_overtakes_the_answer_took_no_time() -> None:
    answered, lag = perf_counter(), Lag()
    listener = Listener(Ended((answered - 0.5, {"type": "a"}), (answered + 0.25, {"type": "b"})))  # type: ignore[arg-type]
    listener.hear(lambda message: message["type"] == "a", since=answered, lag=lag)
    listener.hear(lambda message: message["type"] == "b", since=answered, lag=lag)
    assert lag.lags_ms == [0.0, pytest.approx(250)]


def test_what_was_heard_before_the_write_is_not_its_message() -> None:
    long_ago, lag = perf_counter() - 60, Lag()
    listener = Listener(Ended((long_ago, {"type": "a"})))  # type: ignore[arg-type]
    listener.mark()
    listener.hear(lambda message: True, since=long_ago, lag=lag)
    assert (lag.lags_ms, lag.never) == ([], 1)


def test_without_a_feed_nothing_is_tried() -> None:
    lag = Lag()
    Listener(None).hear(lambda message: True, since=perf_counter(), lag=lag)
    assert lag == Lag()


def test_a_listener_hears_of_new_posts_and_of_one_score() -> None:
    with feeding(lambda message, subscriber: 1) as url, listening(beside(url), "P1") as listener:
        assert listener.subscriber is not None
        assert listener.heard == 0


def test_a_feed_that_is_not_there_is_named() -> None:
    with (
        feeding(lambda message, subscriber: 1) as url,
        pytest.raises(NotSubscribed, match="404"),
        listening(f"{beside(url)}/nowhere", "P1"),
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
