"""The cost that counting a view adds to a read: reads that count as views and reads that do not alternate.

The minimum of all rounds counts: other work of the machine only makes a round slower.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from time import process_time
from typing import Any

import psutil

from microservices.aws import client
from tests.bench.closed import Request, closed_loop
from tests.bench.in_process import Handler, event
from tests.bench.rows import Row, alternate

READS, ROUNDS = 100, 6
CONNECTIONS, SECONDS = 2, 1.0
NO_VIEW = {"Sec-Purpose": "prefetch"}  # a read with it does not count as a view
AT = "2026-01-01T00:00:00.000Z"
ROUTE = "GET /posts/{post_id}"


def services(handler: Handler, post_id: str, *, stream: str) -> Row:
    """Return the row of the processor time of a view, beside that of the one call that sends it (decision 16)."""
    view = event(ROUTE, parameters={"post_id": post_id}, username="")
    none = {**view, "headers": {**view["headers"], **{name.lower(): value for name, value in NO_VIEW.items()}}}
    for read in (view, none):
        _processor_ms(handler, read)
    with_view, without = alternate(
        lambda: _processor_ms(handler, view), lambda: _processor_ms(handler, none), ROUNDS, statistic=min
    )
    kinesis = client("kinesis", attempts=1)
    bare = min(_bare_ms(kinesis, stream, post_id) for _ in range(ROUNDS))
    added = with_view - without
    return Row(
        what="services: processor time that a view adds to a read",
        against="a bare PutRecords of one record",
        shown=f"{added / bare:.2f} ({added:.2f} / {bare:.2f} ms; {without:.2f} ms for the read, minimum of {ROUNDS} rounds)",
        value=added / bare,
        reach=1.25,
    )


def monolith(url: str, post_id: str, *, pid: int) -> Row:
    """Return the row of the workers' processor time, with background threads. pid: of the server."""
    workers = psutil.Process(pid).children()
    view = Request(base_url=url, path=f"/posts/{post_id}")
    none = replace(view, headers=NO_VIEW)
    with_view, without = alternate(
        lambda: _workers_ms(workers, view), lambda: _workers_ms(workers, none), ROUNDS, statistic=min
    )
    return Row(
        what="monolith: processor time that a view adds to a read",
        against="a read that does not count as a view (Sec-Purpose: prefetch)",
        shown=f"{with_view - without:.3f} ms ({with_view:.2f} with a view, {without:.2f} without, minimum of {ROUNDS} rounds)",
        value=with_view - without,
        reach=0.2,
        unit=" ms",
    )


def _processor_ms(handler: Handler, read: dict[str, Any]) -> float:
    began = process_time()
    for _ in range(READS):
        handler(read, None)
    return (process_time() - began) * 1000 / READS


def _bare_ms(kinesis: Any, stream: str, post_id: str) -> float:
    record = {"Data": json.dumps({"post_id": post_id, "at": AT}), "PartitionKey": AT}
    began = process_time()
    for _ in range(READS):
        kinesis.put_records(StreamName=stream, Records=[record])
    return (process_time() - began) * 1000 / READS


def _workers_ms(workers: Sequence[psutil.Process], request: Request) -> float:
    """Return the processor milliseconds of a read. The system counts hundredths of a second, so many reads are measured."""
    before = _processor_s(workers)
    loop = closed_loop(request, connections=CONNECTIONS, seconds=SECONDS)
    return (_processor_s(workers) - before) * 1000 / len(loop.latencies_ms)


def _processor_s(processes: Sequence[psutil.Process]) -> float:
    times = [process.cpu_times() for process in processes]
    return float(sum(each.user + each.system for each in times))
