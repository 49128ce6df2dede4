"""Offers blocks of load, and serves whoever asks for them, line by line.

The connections and the greenlets are those that Locust stands on; the arrivals are open (arrivals.py).
"""

import sys
from collections.abc import Callable, Iterable
from time import perf_counter

import locust  # noqa: F401 - makes sockets and sleeps gevent's, before anything opens or waits
import msgspec

from loadtests import mixes
from loadtests.calls import Call, unchecked
from loadtests.generator.arrivals import Arrivals
from loadtests.generator.outcomes import Outcome, judge
from loadtests.generator.plan import LIVE, Block, Plan
from loadtests.generator.sending import sender
from loadtests.generator.tally import Tally
from loadtests.generator.walks import Walks
from loadtests.live.audience import Audience
from loadtests.live.block import run_live


class Load:
    """One block of load: made ready, then offered. `tally` says at any time what came of it so far."""

    def __init__(self, plan: Plan) -> None:
        self.tally = Tally(plan.warm_up_s, plan.patience_ms)
        self._plan = plan
        self._send = sender(plan)
        self._walks = Walks(_weights(plan), plan.world, plan.seed) if plan.scenario else None
        self._floor = Call(operation=f"GET {plan.path}", path=plan.path, check=unchecked)
        self._arrivals = Arrivals(self._start_one, self.tally, in_flight=plan.in_flight)
        self._offsets = list(plan.arrivals())

    def offer(self) -> float:
        """Offer the block and return the share of one core that it took. Takes as long as the plan says."""
        return self._arrivals.run(self._offsets, drain_s=self._plan.patience_ms / 1000 + 1)

    def _start_one(self, due: float, offset: float) -> None:
        steps, call = self._walks.next() if self._walks else (None, self._floor)
        answer = self._send(call)
        latency_ms = (perf_counter() - due) * 1000
        outcome, reason = judge(call, answer)
        self.tally.add(call.operation, offset, latency_ms, outcome, reason)
        if self._walks and steps and outcome is Outcome.RIGHT:
            self._walks.advance(steps, answer)


class Generator:
    """Offers blocks in this process. The audience of a live feed stays for the blocks to come."""

    def __init__(self) -> None:
        self._audiences: dict[str, Audience] = {}

    def run(self, plan: Plan) -> Block:
        """Offer one block of load and return what came of it."""
        if plan.scenario == LIVE:
            return self._run_live(plan)
        load = Load(plan)
        cpu = load.offer()
        block = load.tally.block()
        block.cpu = cpu
        return block

    def close(self) -> None:
        """Let every audience go."""
        for audience in self._audiences.values():
            audience.close()

    def _run_live(self, plan: Plan) -> Block:
        send = sender(plan)
        audience = self._audiences[plan.live_url] = Audience.of(plan, send, self._audiences.get(plan.live_url))
        return run_live(plan, send, audience)


def _weights(plan: Plan) -> dict[str, float]:
    return plan.journeys or mixes.named(plan.scenario).journeys


def serve(run: Callable[[Plan], Block], lines: Iterable[str]) -> None:
    """Answer each line, a plan, with a line, what came of it."""
    decoder, encoder = msgspec.json.Decoder(Plan), msgspec.json.Encoder()
    for line in lines:
        sys.stdout.write(encoder.encode(run(decoder.decode(line))).decode() + "\n")
        sys.stdout.flush()
