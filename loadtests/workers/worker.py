"""One worker: `python -m loadtests.workers.worker --master HOST[:PORT]` offers its part of each plan until the master ends.

Locust's own command does the same: `locust -f loadtests/locustfile.py --worker --master-host HOST`.
"""

import argparse
from collections.abc import Callable
from functools import partial
from typing import Any

import gevent
import locust  # noqa: F401 - makes sockets and sleeps gevent's, before anything opens or waits
from locust.env import Environment
from locust.runners import WorkerRunner
from msgspec import Struct

from loadtests.generator.generator import Generator, Load
from loadtests.load import LIVE, LoadPlan
from loadtests.workers.messages import (
    DONE,
    GO,
    PART,
    PREPARE,
    READY,
    Content,
    Done,
    Part,
    Prepare,
    Told,
    address_of,
    heard,
    sent,
)

TELL_EVERY_S = 0.5


class Worker:
    """Answers the messages of one master."""

    def __init__(self, runner: WorkerRunner) -> None:
        self._runner = runner
        self._generator = Generator()
        self._offer: Callable[[int], Done] = self._nothing
        runner.register_message(PREPARE, self._hears(self._prepare, Prepare))
        runner.register_message(GO, self._hears(self._go, Told))

    def _hears(self, work: Callable[[Content], None], kind: type[Content]) -> Callable[..., None]:
        """Return a listener that does this work aside, for there are heartbeats to send meanwhile."""

        def listener(msg: Any, **_: object) -> None:
            working = gevent.spawn(work, heard(msg, kind))
            working.link_exception(lambda _: self._runner.quit())  # the master hears of it and goes on without

        return listener

    def _prepare(self, asked: Prepare) -> None:
        if asked.plan.scenario == LIVE:
            self._offer = partial(self._offer_live, asked.plan)
        else:
            self._offer = partial(self._offer_load, Load(asked.plan))
        self._tell(READY, Told(asked.block))

    def _go(self, told: Told) -> None:
        self._tell(DONE, self._offer(told.block))

    def _offer_load(self, load: Load, block: int) -> Done:
        """Tell of the tally while it grows: who is lost then takes less with it."""
        offering, number = gevent.spawn(load.offer), 0
        while not offering.ready():
            offering.join(timeout=TELL_EVERY_S)
            self._tell(PART, Part(block, number, load.tally.taken()))
            number += 1
        return Done(block, offering.get())

    def _offer_live(self, plan: LoadPlan, block: int) -> Done:
        measured = self._generator.run(plan)
        return Done(block, measured.cpu, measured)

    def _nothing(self, block: int) -> Done:
        return Done(block, 0.0)

    def _tell(self, kind: str, content: Struct) -> None:
        self._runner.send_message(kind, sent(content))


def main() -> None:
    """Work for the master that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m loadtests worker")
    parser.add_argument("--master", type=address_of, required=True)
    runner = Environment(user_classes=[]).create_worker_runner(*parser.parse_args().master)
    Worker(runner)
    runner.greenlet.join()


if __name__ == "__main__":
    main()
