"""From what an audience heard to the figures of a block."""

from collections.abc import Sequence

from loadtests.calls import Outcome
from loadtests.generator.tally import Tally
from loadtests.histograms import encoded, histogram_of
from loadtests.live.deliveries import Write, doubled, known_at
from loadtests.live.subscriber import Heard
from loadtests.load import BlockResult, Live


def measured(tally: Tally, writes: Sequence[Write], heard: Sequence[Heard]) -> BlockResult:
    """Return a block whose latencies run from the intended start of a write to its message, at whoever must hear of it.

    All times are seconds since the block's begin. The tally has counted writes that failed or were dropped. The warm-up counts
    for nothing.
    """
    counted = [write for write in writes if write.due >= tally.warm_up_s]
    known = [[known_at(write, heard[one]) for one in write.watchers] for write in counted]
    for write, times in zip(counted, known, strict=True):
        for at in times:
            late_ms, outcome = (0.0, Outcome.ERROR) if at is None else ((at - write.due) * 1000, Outcome.SUCCESS)
            tally.add(write.kind, write.due, late_ms, outcome, "lost" if at is None else "")
    twice = sum(doubled(counted, one) - doubled(counted, _earlier(one)) for one in heard)
    block = tally.block()
    block.errors += twice
    block.live = _live(counted, known, subscribers=len(heard), twice=twice)
    return block


def _live(writes: Sequence[Write], known: Sequence[Sequence[float | None]], *, subscribers: int, twice: int) -> Live:
    lags = [_lags_ms(write, times) for write, times in zip(writes, known, strict=True)]
    return Live(
        subscribers=subscribers,
        writes=len(writes),
        messages=sum(len(times) for times in known),
        lost=sum(times.count(None) for times in known),
        doubled=twice,
        from_answer=encoded(histogram_of(lag for own in lags for lag in own)),
        to_last=encoded(histogram_of(max(own) for own in lags if own)),
    )


def _earlier(heard: Heard) -> Heard:
    """What was heard before the block has been counted before."""
    return [(at, message) for at, message in heard if at < 0]


def _lags_ms(write: Write, times: Sequence[float | None]) -> list[float]:
    """A message that overtakes the answer to its own write is no later than it."""
    return [max(0.0, at - write.answered) * 1000 for at in times if at is not None]
