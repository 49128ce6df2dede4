"""The cost that counting a view adds to a read: reads that count as views and reads that do not alternate.

The minimum of all rounds counts: other work of the machine only makes a round slower.
"""

from collections.abc import Sequence
from dataclasses import replace
from time import process_time
from typing import Any

import psutil

from tests.bench.closed import Request, closed_loop
from tests.bench.in_process import Handler, event
from tests.bench.rows import Row, alternate

READS, ROUNDS = 100, 6
CONNECTIONS, SECONDS = 2, 1.0
NO_VIEW = {"Sec-Purpose": "prefetch"}  # a read with it does not count as a view
ROUTE = "GET /posts/{post_id}"


def services(handler: Handler, post_id: str) -> Row:
    """Return the row of the processor time of a read, with the call that sends its view (decision 16)."""
    view = event(ROUTE, parameters={"post_id": post_id}, username="")
    none = {**view, "headers": {**view["headers"], **{name.lower(): value for name, value in NO_VIEW.items()}}}
    for read in (view, none):
        _processor_ms(handler, read)
    with_view, without = alternate(
        lambda: _processor_ms(handler, view), lambda: _processor_ms(handler, none), ROUNDS, statistic=min
    )
    return _row("services: processor time that a view adds to a read", with_view, without, reach=1.5)


def monolith(url: str, post_id: str, *, pid: int) -> Row:
    """Return the row of the workers' processor time, with background threads. pid: of the server."""
    workers = psutil.Process(pid).children()
    view = Request(base_url=url, path=f"/posts/{post_id}")
    none = replace(view, headers=NO_VIEW)
    with_view, without = alternate(
        lambda: _workers_ms(workers, view), lambda: _workers_ms(workers, none), ROUNDS, statistic=min
    )
    return _row("monolith: processor time that a view adds to a read", with_view, without, reach=0.2)


def _processor_ms(handler: Handler, read: dict[str, Any]) -> float:
    began = process_time()
    for _ in range(READS):
        handler(read, None)
    return (process_time() - began) * 1000 / READS


def _workers_ms(workers: Sequence[psutil.Process], request: Request) -> float:
    """Return the processor milliseconds of a read. The system counts hundredths of a second, so many reads are measured."""
    before = _processor_s(workers)
    loop = closed_loop(request, connections=CONNECTIONS, seconds=SECONDS)
    return (_processor_s(workers) - before) * 1000 / len(loop.latencies_ms)


def _processor_s(processes: Sequence[psutil.Process]) -> float:
    times = [process.cpu_times() for process in processes]
    return float(sum(each.user + each.system for each in times))


def _row(what: str, with_view: float, without: float, *, reach: float) -> Row:
    return Row(
        what=what,
        against="a read that does not count as a view (Sec-Purpose: prefetch)",
        shown=f"{with_view - without:.3f} ms ({with_view:.2f} with a view, {without:.2f} without, minimum of {ROUNDS} rounds)",
        value=with_view - without,
        reach=reach,
        unit=" ms",
    )
