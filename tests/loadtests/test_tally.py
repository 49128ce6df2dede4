"""Counts add up to the same result, however the requests are spread over workers and reports."""

from random import Random

import msgspec

from loadtests.calls import Outcome
from loadtests.histograms import decode, histogram_of
from loadtests.load import BlockResult
from loadtests.tally import DROPPED, Tally

Request = tuple[str, float, float, str, str]
KINDS = [("succeeded", "")] * 8 + [("refused", "status 429"), ("error", "timeout"), ("error", "no connection")]


def requests(number: int) -> list[Request]:
    draw = Random("requests")
    return [
        (draw.choice("abc"), draw.uniform(0, 4), draw.lognormvariate(3, 1), *draw.choice(KINDS)) for _ in range(number)
    ]


def tally_of(sample: list[Request]) -> Tally:
    tally = Tally(1.0)
    for operation, offset_s, latency_ms, outcome, reason in sample:
        tally.add(operation, offset_s, latency_ms, outcome=outcome, reason=reason)
    return tally


def test_reports_of_three_workers_add_up_to_the_tally_of_all() -> None:
    sample, total = requests(5_000), Tally(1.0)
    for worker in range(3):
        own = sample[worker::3]
        for begin in range(0, len(own), 400):
            report = msgspec.msgpack.decode(msgspec.msgpack.encode(tally_of(own[begin : begin + 400]).take()))
            total.merge((tuple(event), count) for event, count in report)
    assert total.block() == tally_of(sample).block()


def test_the_histogram_holds_the_successes_and_timeouts_after_the_warm_up() -> None:
    sample = requests(5_000)
    timed = [ms for _, at_s, ms, outcome, why in sample if at_s >= 1 and (outcome == "succeeded" or why == "timeout")]
    own, expected = decode(tally_of(sample).block().latencies), histogram_of(timed)
    assert own.get_total_count() == len(timed)
    for percentile in (0, 1, 25, 50, 75, 90, 95, 99, 99.9, 100):
        assert own.get_value_at_percentile(percentile) == expected.get_value_at_percentile(percentile)


def test_seconds_operations_and_outcomes_add_up() -> None:
    block = tally_of(requests(5_000)).block()
    assert block.offered == block.succeeded + block.refused + block.errors
    assert block.offered == sum(second.offered for second in block.seconds)
    assert [second.at_s for second in block.seconds] == [0, 1, 2]
    count = decode(block.latencies).get_total_count()
    assert count == sum(decode(one).get_total_count() for one in block.by_operation.values())
    assert count == sum(decode(one.latencies).get_total_count() for one in block.seconds)


def test_dropped_and_late_arrivals_count_at_their_due_time() -> None:
    tally = Tally(1.0)
    tally.add("", 0.5, 0.0, outcome=DROPPED)
    tally.add("", 2.5, 0.0, outcome=DROPPED)
    tally.late(2.5)
    tally.late(0.999)
    tally.add("a", 2.5, 10.0, outcome=Outcome.SUCCESS)
    block = tally.block()
    assert (block.offered, block.succeeded, block.dropped, block.late) == (2, 1, 1, 1)
    assert tally.arrivals() == 3


def test_every_wrong_outcome_counts_though_only_twenty_reasons_are_kept() -> None:
    tally = Tally(0.0)
    for number in range(100):
        tally.add("a", 1.0, 10.0, outcome=Outcome.ERROR, reason=f"wrong outcome: wanted the post {number}")
        tally.add("a", 1.0, 10.0, outcome=Outcome.ERROR, reason="timeout")
    block = tally.block()
    assert (block.errors, block.wrong, len(block.reasons)) == (200, 100, 20)


def test_a_report_holds_only_new_counts() -> None:
    tally = tally_of(requests(10))
    assert tally.take()
    assert tally.take() == []
    assert tally.block() == Tally(1.0).block() == BlockResult(latencies=tally.block().latencies)


def test_a_second_without_a_success_keeps_its_arrivals() -> None:
    tally = Tally(0.0)
    tally.add("a", 3.2, 10.0, outcome=Outcome.ERROR, reason="no connection")
    (second,) = tally.block().seconds
    assert (second.at_s, second.offered, decode(second.latencies).get_total_count()) == (3, 1, 0)


def test_a_day_has_few_intervals_and_every_arrival_is_in_one() -> None:
    tally = Tally(1.0)
    for second in range(86_400):
        tally.add("a", second + 1.5, 5.0, outcome="succeeded")
    seconds = tally.block().seconds
    assert [one.at_s for one in seconds[:3]] == [0, 1, 2]
    assert len(seconds) < 3_000
    assert sum(one.offered for one in seconds) == 86_400
