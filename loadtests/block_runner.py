"""Run blocks of load with Locust as a library, in a process of its own: `python -m loadtests.block_runner [--workers N]`.

Read one LoadPlan as JSON from each line of standard input, write one Reply to standard output. LoadProcess is the other end.
"""

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from time import perf_counter

import gevent
import locust.runners
import msgspec
from locust.env import Environment

from loadtests.errors import RunError
from loadtests.latencies import publish
from loadtests.live.audience import Audience
from loadtests.live.block import run_live
from loadtests.load import LIVE, BlockResult, LoadPlan, Reply
from loadtests.open_load import OpenLoad, attach, run_local
from loadtests.processes import ROOT

LOOPBACK = "127.0.0.1"
REPORT_EVERY_S = 0.5  # Locust's 3 s are long for a block of one second
READY_WITHIN_S, ENDED_WITHIN_S, REPORTED_WITHIN_S = 60.0, 5.0, 3.0
POLL_S = 0.02


class BlockRunner:
    """Run plans in this process. The audience of a live feed stays for later blocks."""

    def __init__(self) -> None:
        self._audiences: dict[str, Audience] = {}

    def run(self, plan: LoadPlan) -> BlockResult:
        """Offer one block of load and return its result."""
        if plan.scenario == LIVE:
            audience = Audience.of(plan, self._audiences.get(plan.live_url))
            self._audiences[plan.live_url] = audience
            return run_live(plan, audience)
        return self.offer(plan)

    def offer(self, plan: LoadPlan) -> BlockResult:
        """Offer one block of requests and return its result."""
        return run_local(plan, OpenLoad).result()

    def close(self) -> None:
        """Close every audience."""
        for audience in self._audiences.values():
            audience.close()


class MasterBlockRunner(BlockRunner):
    """Run plans on Locust workers of this machine. Arrivals that a lost worker has not reported are lost too."""

    def __init__(self, workers: int) -> None:
        """Start the workers and wait until all are ready. Raise RunError."""
        super().__init__()
        self._environment = Environment(user_classes=[OpenLoad])
        self._runner = self._environment.create_master_runner(LOOPBACK, 0)
        self._latencies = attach(self._environment)
        self._numbers = count(1)
        self._processes = [_worker_process(self._runner.server.port) for _ in range(workers)]
        self._await_ready()
        if len(self._runner.clients.ready) < workers:
            raise RunError(f"{len(self._runner.clients.ready)} of {workers} load workers started")

    def offer(self, plan: LoadPlan) -> BlockResult:
        """Offer one block on all workers and return its result. Raise RunError if no worker is left."""
        self._await_ready()
        self._environment.host = plan.base_url
        publish(self._environment, plan, number=next(self._numbers))
        workers = len(self._runner.clients.ready)
        self._runner.start(workers, spawn_rate=workers)
        self._await(lambda: all(self._ended()))
        self._runner.stop()
        self._await(lambda: all(self._ended()), within_s=REPORTED_WITHIN_S)
        return self._latencies.result()

    def close(self) -> None:
        """End the workers."""
        super().close()
        self._runner.quit()
        for process in self._processes:
            try:
                process.wait(timeout=ENDED_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()

    def _ended(self) -> Iterator[bool]:
        """Yield for each worker of the block whether it has reported the end of its part, or is lost."""
        clients = self._runner.clients
        for member in self._latencies.members.values():
            yield member.done or member.id not in clients or clients[member.id] in clients.missing

    def _await_ready(self) -> None:
        """Wait until every worker that still runs is ready. Raise RunError if none is left."""

        def ready() -> bool:
            return len(self._runner.clients.ready) >= sum(process.poll() is None for process in self._processes)

        self._await(ready, within_s=READY_WITHIN_S)
        if not self._runner.clients.ready:
            raise RunError("no load worker is left")

    def _await(self, holds: Callable[[], bool], *, within_s: float = float("inf")) -> None:
        deadline = perf_counter() + within_s
        while not holds() and perf_counter() < deadline:
            gevent.sleep(POLL_S)


def main() -> int:
    """Run plans until the input ends, or work for a master of this machine."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--worker-of", type=int, metavar="PORT")
    options = parser.parse_args()
    if options.worker_of:
        return _work(options.worker_of)
    try:
        with closing(MasterBlockRunner(options.workers) if options.workers else BlockRunner()) as runner:
            for plan in _plans():
                print(msgspec.json.encode(_reply(runner.run, plan)).decode(), flush=True)
    except RunError as failed:  # before the first plan
        print(failed, file=sys.stderr)
        return 1
    return 0


def _plans() -> Iterator[LoadPlan]:
    """Read in a thread, so that reports of workers are handled meanwhile."""
    read = gevent.get_hub().threadpool.apply
    decoder = msgspec.json.Decoder(LoadPlan)
    return (decoder.decode(line) for line in iter(lambda: str(read(sys.stdin.readline)), ""))


def _reply(run: Callable[[LoadPlan], BlockResult], plan: LoadPlan) -> Reply:
    try:
        return Reply(block=run(plan))
    except RunError as failed:  # for example a live feed that accepts no subscriber
        return Reply(failed=str(failed))


def _worker_process(port: int) -> subprocess.Popen[bytes]:
    """Start a worker. The master ends it, or a signal to their process group does."""
    return subprocess.Popen([sys.executable, "-m", "loadtests.block_runner", "--worker-of", str(port)], cwd=ROOT)


def _work(port: int) -> int:
    locust.runners.WORKER_REPORT_INTERVAL = REPORT_EVERY_S
    environment = Environment(user_classes=[OpenLoad])
    runner = environment.create_worker_runner(LOOPBACK, port)
    attach(environment)
    runner.greenlet.join()
    return 0


if __name__ == "__main__":
    sys.exit(main())
