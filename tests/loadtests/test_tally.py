"""What is counted, however it is cut into pieces, comes to the same."""

from random import Random

from loadtests.calls import Outcome
from loadtests.generator.tally import Tally
from loadtests.histograms import decoded, histogram_of
from loadtests.load import BlockResult
from loadtests.workers.messages import Part, heard, sent

Event = tuple[str, float, float, Outcome, str]


def events(number: int) -> list[Event]:
    draw = Random("events")
    kinds = [(Outcome.SUCCESS, "")] * 8 + [
        (Outcome.REFUSED, "status 429"),
        (Outcome.ERROR, "timeout"),
        (Outcome.ERROR, "no"),
    ]
    return [
        (draw.choice("abc"), draw.uniform(0, 4), draw.lognormvariate(3, 1), *draw.choice(kinds)) for _ in range(number)
    ]


def tallied(found: list[Event]) -> Tally:
    tally = Tally(1.0, 5_000)
    for event in found:
        tally.add(*event)
    return tally


def told(tally: Tally, number: int) -> Part:
    """Return what a tally counted, as it comes over the wire."""

    class Message:
        data = sent(Part(1, number, tally.taken()))

    return heard(Message, Part)


def test_merged_parts_are_the_tally_of_all() -> None:
    found = events(5_000)
    total = Tally(1.0, 5_000)
    for number in range(3):
        worker = Tally(1.0, 5_000)
        for at, event in enumerate(found[number::3]):
            worker.add(*event)
            if at % 400 == 0:
                total.merge(told(worker, at).counts)
        total.merge(told(worker, -1).counts)
    assert total.block() == tallied(found).block()


def test_merged_histograms_are_the_histogram_of_all() -> None:
    found = events(5_000)
    total = Tally(1.0, 5_000)
    for number in range(3):
        total.merge(tallied(found[number::3]).taken())
    timed = [
        ms for _, offset, ms, outcome, why in found if offset >= 1 and (outcome is Outcome.SUCCESS or why == "timeout")
    ]
    own, all_of_them = decoded(total.block().latencies), histogram_of(timed)
    assert own.get_total_count() == len(timed)
    for percentile in (0, 1, 25, 50, 75, 90, 95, 99, 99.9, 100):
        assert own.get_value_at_percentile(percentile) == all_of_them.get_value_at_percentile(percentile)


def test_seconds_operations_and_outcomes_add_up() -> None:
    block = tallied(events(5_000)).block()
    assert (
        block.offered
        == block.succeeded + block.refused + block.errors
        == sum(second.offered for second in block.seconds)
    )
    assert [second.at_s for second in block.seconds] == [0, 1, 2]
    count = decoded(block.latencies).get_total_count()
    assert count == sum(decoded(one).get_total_count() for one in block.by_operation.values())
    assert count == sum(decoded(one.latencies).get_total_count() for one in block.seconds)


def test_dropped_and_late_arrivals_are_counted_where_they_were_due() -> None:
    tally = Tally(1.0, 5_000)
    tally.drop(0.5)
    tally.drop(2.5)
    tally.late(2.5)
    tally.late(0.999)
    tally.add("a", 2.5, 10.0, Outcome.SUCCESS, "")
    block = tally.block()
    assert (block.offered, block.succeeded, block.dropped, block.late) == (2, 1, 1, 1)
    assert tally.arrivals() == 3


def test_every_wrong_outcome_is_counted_however_many_reasons_there_are() -> None:
    tally = Tally(0.0, 5_000)
    for number in range(100):
        tally.add("a", 1.0, 10.0, Outcome.ERROR, f"wrong outcome: wanted the post {number}")
        tally.add("a", 1.0, 10.0, Outcome.ERROR, "timeout")
    block = tally.block()
    assert (block.errors, block.wrong, len(block.reasons)) == (200, 100, 20)


def test_nothing_is_taken_twice() -> None:
    tally = tallied(events(10))
    assert tally.taken()
    assert tally.taken() == []
    assert tally.block() == Tally(1.0, 5_000).block() == BlockResult(latencies=tally.block().latencies)


def test_a_second_keeps_its_offers_where_none_was_right() -> None:
    tally = Tally(0.0, 5_000)
    tally.add("a", 3.2, 10.0, Outcome.ERROR, "no connection")
    (second,) = tally.block().seconds
    assert (second.at_s, second.offered, second.count, second.p95_ms) == (3, 1, 0, 0.0)
