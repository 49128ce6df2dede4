"""One block of load on a live feed: writes at open arrivals, and the messages of the audience as Locust's request events."""

from collections.abc import Iterator
from math import inf
from time import perf_counter, sleep
from typing import Any

from loadtests.calls import Answer, Call, Outcome
from loadtests.latencies import Failure, Latencies
from loadtests.live.audience import Audience
from loadtests.live.deliveries import DOUBLES_WITHIN_S, Write, live_figures, received_at
from loadtests.load import BlockResult, LoadPlan
from loadtests.open_load import OpenLoad, run_local


def run_live(plan: LoadPlan, audience: Audience) -> BlockResult:
    """Offer one block and return its result.

    Its latencies run from the due time of a write to its message, at every watcher. A write itself counts only if it fails.
    """
    writes: list[Write] = []

    class LiveLoad(OpenLoad):
        def source(self, plan: LoadPlan) -> Iterator[tuple[Any, Call]]:
            return iter(audience.script)

        def context(self) -> dict[str, Any]:
            return {"messages": True}

        def advance(self, step: int, answer: Answer, offset_s: float) -> None:
            answered = perf_counter() - self.load.begin
            writes.append(audience.script.write(step, answer, due=offset_s, answered=answered))

    latencies = run_local(plan, LiveLoad)
    audience.await_received(writes, within_s=plan.timeout_ms / 1000)
    sleep(DOUBLES_WITHIN_S)
    return _result(plan, [write for write in writes if write.due >= plan.warm_up_s], audience, latencies)


def _result(plan: LoadPlan, writes: list[Write], audience: Audience, latencies: Latencies) -> BlockResult:
    messages = audience.messages(since=latencies.begin)
    times = [[received_at(write, messages[one]) for one in write.watchers] for write in writes]
    for write, own in zip(writes, times, strict=True):
        for at in own:
            _fire(latencies, write, None if at is None else (at - write.due) * 1000)
    block = latencies.result()
    block.live = live_figures(writes, times, messages)
    block.errors += block.live.doubled
    block.arrivals = plan.due(inf) - plan.due(plan.warm_up_s)
    return block


def _fire(latencies: Latencies, write: Write, lag_ms: float | None) -> None:
    """Report a message to Locust. lag_ms: None if it is lost."""
    lost = None if lag_ms is not None else Failure(Outcome.ERROR.value, "lost")
    latencies.environment.events.request.fire(  # type: ignore[no-untyped-call]
        request_type="LIVE", name=write.kind, response_time=lag_ms, response_length=0, exception=lost,
        context={"offset_s": write.due},
    )  # fmt: skip
