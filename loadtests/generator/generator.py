"""Offers blocks of load, and serves whoever asks for them, line by line.

The connections and the greenlets are those that Locust stands on; the arrivals are open (arrivals.py).
"""

import sys
from collections.abc import Callable, Iterable
from time import perf_counter

import locust  # noqa: F401 - makes sockets and sleeps gevent's, before anything opens or waits
import msgspec
from gevent.event import Event

from loadtests import mixes
from loadtests.calls import Call, Outcome, judge, unchecked
from loadtests.errors import RunError
from loadtests.generator.arrivals import Arrivals
from loadtests.generator.sending import sender
from loadtests.generator.tally import Tally
from loadtests.generator.walks import Walks
from loadtests.live.audience import Audience
from loadtests.live.block import run_live
from loadtests.load import LIVE, BlockResult, LoadPlan, Reply, cut_at


class Load:
    """One block of load: made ready, then offered until its end or a cut. `tally` says at any time what came of it so far."""

    def __init__(self, plan: LoadPlan, cut: Event | None = None) -> None:
        self.tally = Tally(plan.warm_up_s, plan.timeout_ms)
        self._plan = plan
        self._send = sender(plan)
        self._walks = Walks(_weights(plan), plan.world, plan.seed) if plan.scenario else None
        self._floor = Call(operation=f"GET {plan.path}", path=plan.path, check=unchecked)
        self._arrivals = Arrivals(self._start_one, self.tally, max_in_flight=plan.max_in_flight, cut=cut)
        self._offsets = list(plan.arrivals())

    def offer(self) -> float:
        """Offer the block and return the share of one core that it took. Takes as long as the plan says."""
        return self._arrivals.run(self._offsets, drain_s=self._plan.timeout_ms / 1000 + 1)

    def _start_one(self, due: float, offset: float) -> None:
        steps, call = self._walks.next() if self._walks else (None, self._floor)
        answer = self._send(call)
        latency_ms = (perf_counter() - due) * 1000
        outcome, reason = judge(call, answer)
        self.tally.add(call.operation, offset, latency_ms, outcome, reason)
        if self._walks and steps and outcome is Outcome.SUCCESS:
            self._walks.advance(steps, answer)


class Generator:
    """Offers blocks in this process. The audience of a live feed stays for the blocks to come."""

    def __init__(self) -> None:
        self._audiences: dict[str, Audience] = {}
        self._cut = Event()

    def run(self, plan: LoadPlan) -> BlockResult:
        """Offer one block of load and return what came of it."""
        return self._run_live(plan) if plan.scenario == LIVE else self._run(plan)

    def stop_early(self) -> None:
        """End the block that is under way; `run` returns what came of it so far."""
        self._cut.set()

    def close(self) -> None:
        """Let every audience go."""
        for audience in self._audiences.values():
            audience.close()

    def _run(self, plan: LoadPlan) -> BlockResult:
        load, began = Load(plan, self._cut), perf_counter()
        cpu = load.offer()
        block = load.tally.block()
        block.cpu = cpu
        block.ended_at_s = cut_at(self._cut.is_set(), plan, began=began)
        return block

    def _run_live(self, plan: LoadPlan) -> BlockResult:
        send = sender(plan)
        audience = self._audiences[plan.live_url] = Audience.of(plan, send, self._audiences.get(plan.live_url))
        return run_live(plan, send, audience, self._cut)


def _weights(plan: LoadPlan) -> dict[str, float]:
    return plan.journeys or mixes.named(plan.scenario).journeys


def serve(run: Callable[[LoadPlan], BlockResult], lines: Iterable[str]) -> None:
    """Answer each line, a plan, with a line, what came of it."""
    decoder, encoder = msgspec.json.Decoder(LoadPlan), msgspec.json.Encoder()
    for line in lines:
        sys.stdout.write(encoder.encode(_reply(run, decoder.decode(line))).decode() + "\n")
        sys.stdout.flush()


def _reply(run: Callable[[LoadPlan], BlockResult], plan: LoadPlan) -> Reply:
    try:
        return Reply(block=run(plan))
    except RunError as failed:  # a live feed that takes nobody, for one: who asked has the words for it
        return Reply(failed=str(failed))
