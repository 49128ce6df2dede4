"""The client of the generator in closed loops, by itself: `python -m loadtests.generator.closed URL PATH CONNECTIONS SECONDS`.

Prints the right answers a second. Open arrivals say how long callers wait; this says how much the client gets done, for `wrk`.
"""

import sys
from time import perf_counter

import gevent
import locust  # noqa: F401 - makes sockets and sleeps gevent's, before anything opens or waits

from loadtests.calls import Call, Outcome, judge, unchecked
from loadtests.generator.sending import sender
from loadtests.load import LoadPlan


def rate(url: str, path: str, *, connections: int, seconds: float) -> float:
    """Return the right answers a second from as many greenlets as connections, each asking again as soon as it is answered."""
    plan = LoadPlan(base_url=url, rate=1, duration_s=seconds, warm_up_s=0, seed="", max_in_flight=connections)
    send, call = sender(plan), Call(operation=f"GET {path}", path=path, check=unchecked)
    began, right = perf_counter(), 0

    def user() -> None:
        nonlocal right
        while perf_counter() - began < seconds:
            outcome, _ = judge(call, send(call))
            right += outcome is Outcome.SUCCESS  # in a step of its own: while an answer is awaited, others count

    gevent.joinall([gevent.spawn(user) for _ in range(connections)], raise_error=True)
    return right / (perf_counter() - began)


if __name__ == "__main__":
    print(rate(sys.argv[1], sys.argv[2], connections=int(sys.argv[3]), seconds=float(sys.argv[4])))
