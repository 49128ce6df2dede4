"""Run blocks of load with Locust as a library, in a process of its own: `python -m loadtests.block_runner`.

Read one LoadPlan as JSON from each line of standard input, write one Reply to standard output. LoadProcess is the other end.
The process ends with its input or its parent, so it never outlives the other end.
"""

import signal
import sys

import gevent
import locust  # noqa: F401 - it patches the standard library, so it comes before HTTPX
import msgspec

from loadtests.errors import RunError
from loadtests.live.audience import Audience
from loadtests.live.block import run_live
from loadtests.load import LIVE, BlockResult, LoadPlan, Reply
from loadtests.open_load import OpenLoad, run_local
from loadtests.supervisor import end_with_parent


def run_block(plan: LoadPlan, audiences: dict[str, Audience]) -> BlockResult:
    """Offer one block of load and return its result. audiences: subscribers by live feed, reused by later blocks."""
    if plan.scenario != LIVE:
        return run_local(plan, OpenLoad).result()
    audiences[plan.live_url] = Audience.of(plan, audiences.get(plan.live_url))
    return run_live(plan, audiences[plan.live_url])


def main() -> None:
    """Run plans until the input ends."""
    end_with_parent(signal.SIGKILL)  # also in the middle of a block
    audiences: dict[str, Audience] = {}
    while line := _next_line():
        try:
            reply = Reply(block=run_block(msgspec.json.decode(line, type=LoadPlan), audiences))
        except RunError as failed:  # for example a live feed that accepts no subscriber
            reply = Reply(failed=str(failed))
        print(msgspec.json.encode(reply).decode(), flush=True)
    for audience in audiences.values():
        audience.close()


def _next_line() -> str:
    """Return the next line of the input, "" at its end. It is read in a thread, so that live messages are received meanwhile."""
    return str(gevent.get_hub().threadpool.apply(sys.stdin.readline))


if __name__ == "__main__":
    main()
