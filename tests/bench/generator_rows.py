"""The load generator: a fixed rate, its throughput compared with Locust's own user, and the cost of recording a request."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from time import perf_counter

from loadtests.calls import Outcome
from loadtests.load import BlockResult, LoadPlan
from loadtests.load_process import LoadProcess
from loadtests.processes import ROOT
from loadtests.tally import Tally
from tests.bench.empty_route import PATH
from tests.bench.rows import Row, alternate, share

RATE, HOLD_S = 1_000, 5.0
USERS, SECONDS, ROUNDS = 32, 2.0, 4
RECORDED = 100_000


def rows() -> Iterator[Row]:
    """Yield the rows."""
    with serving() as url, LoadProcess() as generator:
        yield fixed_rate(generator.run(_plan(url, rate=RATE, seconds=HOLD_S)))
        closed = _closed(url)
        own, user = alternate(
            lambda: generator.run(_plan(url, rate=closed, seconds=SECONDS)).succeeded / SECONDS,
            lambda: _closed(url),
            ROUNDS,
        )
        yield share(
            "load generator: throughput of open load at the rate that the closed user reaches",
            own,
            user,
            against="Locust's FastHttpUser, closed",
            reach=0.5,
        )
    yield recording()


def fixed_rate(block: BlockResult) -> Row:
    """Return the row of the fixed rate: the share that was late or not answered successfully."""
    missed = max(block.late / block.arrivals, 1 - block.succeeded / block.offered)
    said = f"{block.late / block.arrivals:.1%} late, {block.succeeded / HOLD_S:,.0f} successes/s, {block.cpu:.0%} of a core"
    return Row(
        what=f"load generator: late or unsuccessful requests at {RATE:,} requests/s on an empty Flask route, {HOLD_S:g} s",
        against="the offered requests",
        shown=f"{missed:.1%} ({said})",
        value=missed * 100,
        reach=5,
        unit=" %",
    )


def recording() -> Row:
    """Return the row of the cost of recording one request, with its share of building the block."""
    draw = Random("recorded")
    latencies = [draw.lognormvariate(2, 0.6) for _ in range(RECORDED)]
    tally, began = Tally(0.0), perf_counter()
    for number, latency_ms in enumerate(latencies):
        tally.add("GET /posts", number / RATE, latency_ms, outcome=Outcome.SUCCESS)
    tally.block()
    took_us = (perf_counter() - began) / RECORDED * 1e6
    what = "load generator: time to record one request"
    return Row(what=what, against="–", shown=f"{took_us:.1f} µs", value=took_us, reach=20, unit=" µs")


@contextmanager
def serving() -> Iterator[str]:
    """Serve the empty route for the length of a block. Yield its base URL."""
    command = [sys.executable, "-m", "tests.bench.empty_route"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
        server.communicate()


def _plan(url: str, *, rate: float, seconds: float) -> LoadPlan:
    return LoadPlan(base_url=url, rate=rate, duration_s=seconds, warm_up_s=0.5, seed="bench", path=PATH)


def _closed(url: str) -> float:
    command = [sys.executable, "-m", "tests.bench.fast_user", url + PATH, str(USERS), str(SECONDS)]
    return float(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
