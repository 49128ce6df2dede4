"""Open arrivals: requests start at their times, however slowly earlier ones are answered.

A closed user waits for its answer and so stops asking while a server stalls: the stall is counted once. Here
every arrival has an intended start, keeps it, and is measured from it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter, process_time

import gevent
from gevent.pool import Pool

LATE_S = 0.010


@dataclass(slots=True)
class ArrivalCounts:
    """Offsets in seconds of the arrivals that were dropped, of those that started late, and of those that never ended; when they
    were given up; the share of one core that this process took while arrivals lasted."""

    dropped: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    unanswered: list[float] = field(default_factory=list)
    given_up: float = 0.0
    cpu: float = 0.0


def run_open(
    start_one: Callable[[float], None], *, rate: float, duration_s: float, in_flight: int, drain_s: float
) -> ArrivalCounts:
    """Start `start_one(due)` in a greenlet `rate` times a second for so long; due is on perf_counter's scale.

    Arrivals that would exceed `in_flight` open ones are dropped and counted. Waits up to drain_s for the last answers.
    """
    counts, pool, waiting = ArrivalCounts(), Pool(in_flight), set[float]()

    def start(due: float) -> None:
        waiting.add(due)
        start_one(due)
        waiting.discard(due)

    begin, cpu = perf_counter(), process_time()
    for number in range(round(rate * duration_s)):
        due = begin + number / rate
        gevent.sleep(max(0.0, due - perf_counter()))
        if perf_counter() - due > LATE_S:
            counts.late.append(due - begin)
        if pool.full():
            counts.dropped.append(due - begin)
        else:
            pool.spawn(start, due)
    counts.cpu = (process_time() - cpu) / (perf_counter() - begin)
    pool.join(timeout=drain_s)
    counts.unanswered, counts.given_up = [due - begin for due in sorted(waiting)], perf_counter() - begin
    pool.kill()
    return counts
