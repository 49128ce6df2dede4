"""What a live feed loses or sends twice is found, whichever of the subscribers it happens to."""

from collections import Counter
from typing import Any

from loadtests.calls import Answer
from loadtests.data.world import Account, World
from loadtests.histograms import decoded, percentile_ms
from loadtests.live.audience import Script
from loadtests.live.deliveries import CHANGED, PUBLISHED, Write, doubled, received_at
from loadtests.load import BlockResult, Live, LoadPlan
from tests.loadtests.planted_feed import listened, listened_to

WORLD = World((Account("ada", "token"),) * 4, ())
EXPECTED = 5 * 8 + 5 * 2  # a publication for everybody, a vote for the two of eight who watch one of four posts


def told(score: int) -> dict[str, Any]:
    return {"type": CHANGED, "post_id": "P", "score": score}


def vote(score: int) -> Write:
    return Write(kind=CHANGED, post_id="P", score=score, due=0.0, answered=0.0, watchers=(0,))


def live(block: BlockResult) -> Live:
    assert block.live is not None
    return block.live


def nth(kind: str, wanted: int) -> Any:
    """Return how to say of a message whether it is the wanted one of its kind, counted from 1, for each subscriber."""
    seen: Counter[int] = Counter()

    def is_it(message: dict[str, Any], subscriber: int) -> bool:
        if message["type"] != kind:
            return False
        seen[subscriber] += 1
        return seen[subscriber] == wanted

    return is_it


def test_a_right_feed_loses_nothing_and_doubles_nothing() -> None:
    block = listened(lambda message, subscriber: 1)
    found = live(block)
    assert (found.writes, found.messages, found.lost, found.doubled, found.subscribers) == (10, EXPECTED, 0, 0, 8)
    assert (block.offered, block.succeeded, block.errors) == (EXPECTED, EXPECTED, 0)
    assert decoded(block.latencies).get_total_count() == decoded(found.from_answer).get_total_count() == EXPECTED
    assert decoded(found.to_last).get_total_count() == 10
    assert percentile_ms(decoded(block.latencies), 50) < 1_000


def test_a_lost_publication_is_counted_for_each_who_missed_it() -> None:
    is_third = nth(PUBLISHED, 3)  # the first is the rehearsal's
    block = listened(lambda message, subscriber: 0 if is_third(message, subscriber) else 1)
    assert (live(block).lost, live(block).doubled) == (8, 0)
    assert (block.succeeded, block.errors) == (EXPECTED - 8, 8)
    assert block.reasons == {"post.published: lost": 8}


def test_a_lost_last_score_is_counted() -> None:
    block = listened(lambda message, subscriber: int(message.get("score", 0) < 3))  # the fifth vote is a post's second
    assert (live(block).lost, block.reasons) == (2, {"tally.changed: lost": 2})


def test_a_doubled_message_is_counted_for_each_who_got_it_twice() -> None:
    is_third = nth(PUBLISHED, 3)
    block = listened(lambda message, subscriber: 2 if is_third(message, subscriber) else 1)
    assert (live(block).lost, live(block).doubled) == (0, 8)
    assert (block.succeeded, block.errors) == (EXPECTED, 8)


def test_a_score_that_tells_of_two_votes_loses_neither() -> None:
    heard = [(1.0, told(1)), (2.0, told(3))]
    assert [received_at(vote(score), heard) for score in (1, 2, 3, 4)] == [1.0, 2.0, 2.0, None]


def test_a_score_that_comes_twice_is_doubled_and_one_of_another_post_is_nobodys() -> None:
    heard = [(1.0, told(1)), (2.0, told(2)), (3.0, told(1)), (4.0, {**told(2), "post_id": "Q"}), (5.0, told(2))]
    assert doubled([vote(1), vote(2)], heard) == 2


def test_an_audience_stays_for_the_next_block_and_a_new_one_comes_when_nobody_has_votes_left() -> None:
    listeners: set[int] = set()
    twice = nth(PUBLISHED, 8)  # in the second block: the rehearsal's, five, and the second of that block

    def copies(message: dict[str, Any], subscriber: int) -> int:
        listeners.add(subscriber)
        return 2 if twice(message, subscriber) else 1

    # Four accounts have 16 votes for four posts: the rehearsal's 4 and two blocks' 10.
    blocks = listened_to(copies, blocks=3)
    assert [(live(block).lost, live(block).doubled, block.succeeded) for block in blocks] == [
        (0, 0, EXPECTED), (0, 8, EXPECTED), (0, 0, EXPECTED)
    ]  # fmt: skip
    assert len(listeners) == 2 * 8


def test_a_vote_that_fails_makes_no_later_message_late() -> None:
    script = Script(
        LoadPlan(base_url="", rate=1, duration_s=1, warm_up_s=0, seed="", world=WORLD, subscribers=1), ["P"]
    )
    cast = [script.write(number, Answer(200), due=0, answered=0) for number in (1, 5)]  # the vote between them failed
    assert [write.score for write in cast] == [1, 2]
