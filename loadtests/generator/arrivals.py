"""Open arrivals: requests start at their times, however slowly earlier ones are answered.

A closed user waits for its answer and so stops asking while a server stalls: the stall is counted once. Here
every arrival has an intended start, keeps it, and is measured from it.
"""

from collections.abc import Callable, Iterable
from time import perf_counter, process_time

import gevent
from gevent import Greenlet
from gevent.event import Event

from loadtests.calls import Outcome
from loadtests.generator.tally import Tally

LATE_S = 0.010
SHARED_S = 0.1  # a share of less is none: one arrival that is due at once takes all of the time until it is started


class Arrivals:
    """The arrivals of one block. `start_one(due, offset)` does the work of one that is due on perf_counter's scale, its offset
    after the begin of the block."""

    def __init__(
        self, start_one: Callable[[float, float], None], tally: Tally, *, max_in_flight: int, cut: Event | None = None
    ) -> None:
        self._start_one = start_one
        self._tally = tally
        self._in_flight = max_in_flight
        self._cut = cut or Event()
        self._open: dict[Greenlet, float] = {}  # with their offsets
        self.begin = 0.0

    def run(self, offsets: Iterable[float], *, drain_s: float) -> float:
        """Start one arrival at each offset, in seconds from now, in a greenlet of its own. Return the share of one core
        that this process took until the last was started.

        Arrivals that would exceed `max_in_flight` open ones are dropped. Waits up to drain_s for the last answers; who has
        none then is as slow as we waited. Once `cut` is set nothing more is started, and what is open then counts as nothing.
        """
        self.begin, cpu = perf_counter(), process_time()
        for offset in offsets:
            due = self.begin + offset
            if self._is_cut(before=due):
                break
            self._arrive(due, offset)
        share = (process_time() - cpu) / max(perf_counter() - self.begin, SHARED_S)
        if self._cut.is_set():
            gevent.killall(list(self._open))
            return share
        gevent.joinall(list(self._open), timeout=drain_s)
        self._give_up()
        return share

    def _is_cut(self, *, before: float) -> bool:
        """Wait until a moment, or until all is cut short; those that are due already start without a pause between them."""
        early = before - perf_counter()
        return bool(self._cut.wait(early)) if early > 0 else self._cut.is_set()

    def _arrive(self, due: float, offset: float) -> None:
        if perf_counter() - due > LATE_S:
            self._tally.late(offset)
        if len(self._open) >= self._in_flight:
            self._tally.drop(offset)
        else:
            self._open[gevent.spawn(self._one, due, offset)] = offset

    def _one(self, due: float, offset: float) -> None:
        self._start_one(due, offset)
        del self._open[gevent.getcurrent()]

    def _give_up(self) -> None:
        waited_s, left = perf_counter() - self.begin, dict(self._open)
        gevent.killall(list(left))
        for offset in left.values():
            self._tally.add("unanswered", offset, (waited_s - offset) * 1000, Outcome.ERROR, "timeout")
