"""Run blocks of load with Locust as a library, in a process of its own: `python -m loadtests.block_runner`.

Read one LoadPlan as JSON from each line of standard input, write one Reply to standard output. LoadProcess is the other end.
The process ends with its input, so it never outlives the other end.
"""

import os
import sys
from collections.abc import Iterator

import gevent
import locust  # noqa: F401 - it patches the standard library, so it comes before HTTPX
import msgspec
from gevent.event import Event
from gevent.queue import Queue

from loadtests.errors import RunError
from loadtests.live.audience import Audience
from loadtests.live.block import run_live
from loadtests.load import LIVE, BlockResult, LoadPlan, Reply
from loadtests.open_load import OpenLoad, run_local


def run_block(plan: LoadPlan, audiences: dict[str, Audience]) -> BlockResult:
    """Offer one block of load and return its result. audiences: by live feed; they stay for later blocks."""
    if plan.scenario != LIVE:
        return run_local(plan, OpenLoad).result()
    audiences[plan.live_url] = Audience.of(plan, audiences.get(plan.live_url))
    return run_live(plan, audiences[plan.live_url])


def main() -> None:
    """Run plans until the input ends."""
    audiences: dict[str, Audience] = {}
    for plan in _plans():
        try:
            reply = Reply(block=run_block(plan, audiences))
        except RunError as failed:  # for example a live feed that accepts no subscriber
            reply = Reply(failed=str(failed))
        print(msgspec.json.encode(reply).decode(), flush=True)
    for audience in audiences.values():
        audience.close()


def _plans() -> Iterator[LoadPlan]:
    """Yield the plans of the input until it ends."""
    lines, idle, decoder = Queue[str](), Event(), msgspec.json.Decoder(LoadPlan)
    gevent.spawn(_read, lines, idle)
    while True:
        idle.set()
        if not (line := lines.get()):
            return
        idle.clear()
        yield decoder.decode(line)


def _read(lines: Queue[str], idle: Event) -> None:
    """Read lines in a thread, so that load and live messages go on meanwhile. Nobody needs a block after the end of the input."""
    while line := str(gevent.get_hub().threadpool.apply(sys.stdin.readline)):
        lines.put(line)
    if not idle.is_set():
        os._exit(1)
    lines.put("")


if __name__ == "__main__":
    main()
