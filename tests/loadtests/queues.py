"""Servers with a known capacity: one in virtual time, one that answers over loopback."""

import time
from collections.abc import Callable
from random import Random
from threading import Lock

from loadtests.histograms import encode, histogram_of
from loadtests.load import BlockResult, LoadPlan
from tests.loadtests.planted import Behaviour

SERVICE_MS = 5.0


def in_virtual_time(capacity: float, *, rng: Random, hiccup: float = 0.0) -> Callable[[LoadPlan], BlockResult]:
    """Return a function that computes the result of a block at a queue that serves `capacity` requests a second, one by one.

    hiccup: the probability that another process delays a block for a second.
    """

    def run(plan: LoadPlan) -> BlockResult:
        length_s = plan.warm_up_s + plan.duration_s
        free_at, latencies = length_s * rng.random() + 1 if rng.random() < hiccup else 0.0, []
        for number in range(round(plan.rate * length_s)):
            due = number / plan.rate
            begin = max(due, free_at)
            free_at = begin + rng.uniform(0.9, 1.1) / capacity
            if due >= plan.warm_up_s:
                latencies.append((begin - due) * 1000 + SERVICE_MS * rng.lognormvariate(0, 0.3))
        return BlockResult(
            arrivals=len(latencies),
            offered=len(latencies),
            succeeded=len(latencies),
            latencies=encode(histogram_of(latencies)),
        )

    return run


def admitting(capacity: float) -> Behaviour:
    """Return the behaviour of a server that answers `capacity` requests a second in their order, with an unlimited queue."""
    lock, free_at = Lock(), [0.0]

    def behave(_: int) -> tuple[int, object]:
        with lock:
            begin = max(time.perf_counter(), free_at[0])
            free_at[0] = begin + 1 / capacity
        time.sleep(max(0.0, begin - time.perf_counter()))  # the queue itself
        return 200, {}

    return behave
