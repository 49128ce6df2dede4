"""The timeline of a drill: what happened to the requests of each feature, second by second."""

from collections.abc import Iterable, Sequence
from functools import cache

from loadtests.calls import Outcome
from loadtests.load import Second
from loadtests.systems import contract
from loadtests.tally import SLOW

KINDS = ("succeeded", "slow", "refused", "failed")  # of one second's counts, in order
PLACES = {Outcome.SUCCESS.value: 0, SLOW: 1, Outcome.REFUSED.value: 2}  # among KINDS, of outcomes; others are failures
Counts = list[int]
Timeline = dict[str, list[Counts]]


def timeline_of(seconds: Sequence[Second]) -> Timeline:
    """Return the counts of KINDS by feature and second. A request belongs to the second in which it was due."""
    length = max((second.at_s for second in seconds), default=-1) + 1
    timeline: Timeline = {}
    for second in seconds:
        for operation, outcomes in second.outcomes.items():
            counts = timeline.setdefault(feature_of(operation), [[0] * len(KINDS) for _ in range(length)])[second.at_s]
            for outcome, count in outcomes.items():
                counts[PLACES.get(outcome, -1)] += count
    return dict(sorted(timeline.items()))


def served_again_s(timeline: Timeline, injected_s: Sequence[float]) -> list[float]:
    """Return for each injection the seconds until all requests succeeded in a second's time, before the next injection."""
    failing = {at for counts in timeline.values() for at, (_, *bad) in enumerate(counts) if any(bad)}
    ends = [*injected_s[1:], float("inf")]
    return [
        round(max((at + 1 - begin for at in failing if begin < at + 1 and at < end), default=0.0), 1)
        for begin, end in zip(injected_s, ends, strict=True)
    ]


def total(timeline: Iterable[Counts]) -> Counts:
    """Return the counts of several seconds together."""
    return [sum(counts) for counts in zip(*timeline, strict=True)] or [0] * len(KINDS)


def feature_of(operation: str) -> str:
    """Return the feature that serves an operation, by the tag in the contract. An arrival that was not sent has none."""
    return _features().get(operation, "not sent")


@cache
def _features() -> dict[str, str]:
    return {
        f"{method.upper()} {path}": operation["tags"][0]
        for path, methods in contract()["paths"].items()
        for method, operation in methods.items()
        if isinstance(operation, dict) and "tags" in operation
    }
