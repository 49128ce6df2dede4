"""Run blocks of load with Locust as a library, in a process of its own: `python -m loadtests.block_runner`.

Read one LoadPlan as JSON from each line of standard input, write one Reply to standard output. LoadProcess is the other end.
"""

import sys
from collections.abc import Iterator

import gevent
import locust  # noqa: F401 - it patches the standard library, so it comes before HTTPX
import msgspec

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
    """Read in a thread, so that live messages are received meanwhile."""
    read = gevent.get_hub().threadpool.apply
    decoder = msgspec.json.Decoder(LoadPlan)
    return (decoder.decode(line) for line in iter(lambda: str(read(sys.stdin.readline)), ""))


if __name__ == "__main__":
    main()
