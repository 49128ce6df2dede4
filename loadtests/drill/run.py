"""One drill on one side: load, an injected fault, and what the audit finds after it."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from time import sleep, time
from typing import Any

import psutil
import psycopg
from botocore.exceptions import BotoCoreError, ClientError

from loadtests import freshness
from loadtests.client import CallFailed
from loadtests.data.world import World
from loadtests.drill import oracle
from loadtests.drill.faults import Fault
from loadtests.drill.monolith import Monolith
from loadtests.drill.services import Services
from loadtests.drill.timeline import served_again_s, timeline_of
from loadtests.load import LoadPlan
from loadtests.load_process import LoadProcess
from loadtests.processes import in_background
from loadtests.systems import MONOLITH, SystemFailed
from microservices.deploy.stacks import DeploymentFailed
from microservices.replay import ReplayFailed

MIX = "everything"
BEFORE_S, AFTER_S = 3.0, 7.0  # seconds of load before a fault, and after its end
NOT_INJECTED = (psutil.Error, psycopg.Error, BotoCoreError, ClientError, DeploymentFailed, ReplayFailed)
Figures = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A running side. rate: arrivals a second. votes: of the audit, a second. repeat: how often each fault is injected."""

    name: str
    url: str
    world: World
    run_dir: Path
    generator: LoadProcess
    rate: float
    votes: float
    repeat: int

    def load(self, name: str, seconds: float) -> Any:
        """Offer the ordinary journeys, which follow from the name, and return the BlockResult."""
        plan = LoadPlan(
            base_url=self.url, rate=self.rate, duration_s=seconds, warm_up_s=0, seed=name, scenario=MIX, world=self.world
        )  # fmt: skip
        return self.generator.run(plan)


def drill(side: Side, fault: Fault) -> Figures:
    """Inject a fault into a side under load, and return what happened. caught_up_s: None if the side did not recover.

    reason: why the fault was not injected. Raise SystemFailed if the injection fails.
    """
    inject: Any = fault.monolith if side.name == MONOLITH.name else fault.services
    if isinstance(inject, str):
        return {"reason": inject}
    target = (Monolith if side.name == MONOLITH.name else Services)(side.run_dir)
    writes = oracle.begin(side.url, f"{time():.0f}")
    load = in_background(lambda: side.load(fault.name, BEFORE_S + side.repeat * (fault.lasts_s + AFTER_S)))
    try:
        with writes.writing(side.world.accounts, rate=side.votes):
            spans = [_inject(side, fault, lambda: inject(target), first=number == 0) for number in range(side.repeat)]
    except NOT_INJECTED as error:
        raise SystemFailed(f"{fault.name} cannot be injected into the {side.name}: {error}") from error
    caught_up = _await_effects(writes, since=spans[-1][0])
    block = load.result()
    injected, ended = ([round(at - block.began, 1) for at in times] for times in zip(*spans, strict=True))
    timeline = timeline_of(block.seconds)
    return {
        "about": fault.about(side.name), "ends": fault.ends, "reason": None, "features": timeline, "reasons": block.reasons,
        "injected_s": injected, "ended_s": ended, "served_again_s": max(served_again_s(timeline, injected)),
        "answers": writes.counts(), "by_hand": target.by_hand,
        **_audit(side, caught_up),
    }  # fmt: skip


def _inject(side: Side, fault: Fault, inject: Callable[[], Any], *, first: bool) -> tuple[float, float]:
    """Inject a fault after a pause, and return when it began and ended."""
    sleep(BEFORE_S if first else AFTER_S)
    began = time()
    with inject():
        sleep(max(0.0, began + fault.lasts_s - time()))
    return began, time()


def _await_effects(writes: oracle.Oracle, *, since: float) -> Figures:
    """Wait until every effect of the audit's own writes is visible."""
    try:
        return {"lost_or_doubled": writes.await_effects(), "caught_up_s": round(time() - since, 1)}
    except CallFailed as error:
        return {"lost_or_doubled": {}, "caught_up_s": None, "error": str(error)}


def _audit(side: Side, caught_up: Figures) -> Figures:
    """Add the consistency audit of the load, which must have ended."""
    if caught_up["caught_up_s"] is None:
        return caught_up
    try:
        audited = freshness.measure(side.url, "", side.world, trials=0, done=lambda: None)
    except CallFailed as error:
        return {**caught_up, "caught_up_s": None, "error": str(error)}
    counts = {"votes of the load": audited.lost_or_doubled_votes, **asdict(audited.audit)}
    named = {name.replace("_", " "): count for name, count in counts.items()}
    return {**caught_up, "lost_or_doubled": caught_up["lost_or_doubled"] | named}
