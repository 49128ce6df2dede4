"""Messages that a live feed loses or sends twice are counted for each subscriber."""

from collections import Counter
from typing import Any

from loadtests.calls import Answer
from loadtests.data.world import Account, World
from loadtests.histograms import decode, percentile_ms
from loadtests.live.audience import Script
from loadtests.live.deliveries import CHANGED, PUBLISHED, Write, count_doubles, received_at
from loadtests.load import BlockResult, Live, LoadPlan
from loadtests.load_process import LoadProcess
from tests.loadtests.planted_feed import live_block, live_blocks

WORLD = World((Account("ada", "token"),) * 4, ())
EXPECTED = 5 * 8 + 5 * 2  # a post goes to all 8, a vote to the 2 of 8 that watch one of four posts


def score_message(score: int) -> dict[str, Any]:
    return {"type": CHANGED, "post_id": "P", "score": score}


def vote(score: int) -> Write:
    return Write(kind=CHANGED, post_id="P", score=score, due=0.0, answered=0.0, watchers=(0,))


def live(block: BlockResult) -> Live:
    assert block.live is not None
    return block.live


def nth(kind: str, nth_one: int) -> Any:
    """Return a predicate for the nth message of a kind to a subscriber, counted from 1."""
    seen: Counter[int] = Counter()

    def matches(message: dict[str, Any], subscriber: int) -> bool:
        if message["type"] != kind:
            return False
        seen[subscriber] += 1
        return seen[subscriber] == nth_one

    return matches


def test_a_correct_feed_loses_and_doubles_nothing(generator: LoadProcess) -> None:
    block = live_block(generator, lambda message, subscriber: 1)
    figures = live(block)
    assert (figures.writes, figures.messages, figures.lost, figures.doubled, figures.subscribers) == (
        10,
        EXPECTED,
        0,
        0,
        8,
    )
    assert (block.offered, block.succeeded, block.errors) == (EXPECTED, EXPECTED, 0)
    assert decode(block.latencies).get_total_count() == decode(figures.from_answer).get_total_count() == EXPECTED
    assert decode(figures.to_last).get_total_count() == 10
    assert percentile_ms(decode(block.latencies), 50) < 1_000


def test_a_lost_post_counts_for_each_subscriber(generator: LoadProcess) -> None:
    is_third = nth(PUBLISHED, 3)  # the first is the rehearsal's
    block = live_block(generator, lambda message, subscriber: 0 if is_third(message, subscriber) else 1)
    assert (live(block).lost, live(block).doubled) == (8, 0)
    assert (block.succeeded, block.errors) == (EXPECTED - 8, 8)
    assert block.reasons == {"post.published: lost": 8}


def test_a_lost_last_score_counts(generator: LoadProcess) -> None:
    block = live_block(
        generator, lambda message, subscriber: int(message.get("score", 0) < 3)
    )  # the fifth vote is a post's second
    assert (live(block).lost, block.reasons) == (2, {"tally.changed: lost": 2})


def test_a_doubled_message_counts_for_each_subscriber(generator: LoadProcess) -> None:
    is_third = nth(PUBLISHED, 3)
    block = live_block(generator, lambda message, subscriber: 2 if is_third(message, subscriber) else 1)
    assert (live(block).lost, live(block).doubled) == (0, 8)
    assert (block.succeeded, block.errors) == (EXPECTED, 8)


def test_a_score_that_covers_two_votes_loses_neither() -> None:
    messages = [(1.0, score_message(1)), (2.0, score_message(3))]
    assert [received_at(vote(score), messages) for score in (1, 2, 3, 4)] == [1.0, 2.0, 2.0, None]


def test_an_equal_score_is_doubled_unless_it_is_of_another_post() -> None:
    messages = [
        (1.0, score_message(1)),
        (2.0, score_message(2)),
        (3.0, score_message(1)),
        (4.0, {**score_message(2), "post_id": "Q"}),
        (5.0, score_message(2)),
    ]
    assert count_doubles([vote(1), vote(2)], messages) == 2


def test_an_audience_stays_until_its_accounts_have_no_votes_left(generator: LoadProcess) -> None:
    subscribers: set[int] = set()
    twice = nth(PUBLISHED, 8)  # in the second block: after the rehearsal's post and the five of the first block

    def copies(message: dict[str, Any], subscriber: int) -> int:
        subscribers.add(subscriber)
        return 2 if twice(message, subscriber) else 1

    # Four accounts have 16 votes for four posts: the rehearsal's 4 and two blocks' 10.
    blocks = live_blocks(generator, copies, blocks=3)
    assert [(live(block).lost, live(block).doubled, block.succeeded) for block in blocks] == [
        (0, 0, EXPECTED), (0, 8, EXPECTED), (0, 0, EXPECTED)
    ]  # fmt: skip
    assert len(subscribers) == 2 * 8


def test_a_failed_vote_does_not_delay_later_messages() -> None:
    script = Script(
        LoadPlan(base_url="", rate=1, duration_s=1, warm_up_s=0, seed="", world=WORLD, subscribers=1), ["P"]
    )
    cast = [script.write(number, Answer(200), due=0, answered=0) for number in (1, 5)]  # the vote between them failed
    assert [write.score for write in cast] == [1, 2]
