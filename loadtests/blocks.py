"""Blocks of load on both sides in turns, each run by the one generator process."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

import msgspec

from loadtests.errors import RunError
from loadtests.generator.plan import BlockResult, LoadPlan, Reply
from loadtests.processes import ROOT

SIDES = ("monolith", "microservices")


class GeneratorFailed(RunError):
    """The generator process cannot offer a load, or ended before it answered."""


class GeneratorProcess:
    """The generator, for the length of a `with` block. One process serves all blocks, so none pays for its start.

    workers: how many processes offer the load, all on this machine; with `bind`, as HOST[:PORT], that many are awaited
    there, from wherever they come (`python -m loadtests worker`). With 0 the one process offers it itself.
    """

    def __init__(self, workers: int = 0, bind: str = "") -> None:
        words = ["loadtests.workers", "--workers", str(workers), *(["--bind", bind] if bind else [])]
        self._words = words if workers else ["loadtests.generator"]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", *self._words],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._process.communicate()
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)  # workers are of its group, and may outlive it
        self._process.communicate()

    def run(self, plan: LoadPlan) -> BlockResult:
        """Offer the load of one plan and return what was measured. Takes as long as the plan says.

        Raise GeneratorFailed if the generator cannot offer it, or is gone.
        """
        assert self._process.stdin is not None and self._process.stdout is not None  # noqa: S101 - both are pipes
        try:
            self._process.stdin.write(msgspec.json.encode(plan) + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError as gone:
            raise GeneratorFailed("the load generator ended") from gone
        return self._answered()

    def cut_short(self) -> BlockResult:
        """End the block that is under way, which `run` was interrupted in, and return what was measured of it."""
        self._process.terminate()
        return self._answered()

    def _answered(self) -> BlockResult:
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        line = self._process.stdout.readline()
        if not line:
            raise GeneratorFailed(f"the load generator ended with {self._process.wait()}")
        reply = msgspec.json.decode(line, type=Reply)
        if reply.block is None:
            raise GeneratorFailed(reply.failed)
        return reply.block


@dataclass(slots=True)
class SideBlock:
    """One block with its place in the run: which side, which repeat, and when it began (seconds into the scenario)."""

    side: str
    repeat: int
    at_s: float
    block: BlockResult


def turns(repeats: int, pairs: int, sides: Sequence[str] = SIDES) -> Iterator[tuple[int, str]]:
    """Yield (repeat, side) in the order A B B A A B …, so that a drift of the machine hits both sides alike."""
    for pair in range(repeats * pairs):
        order = sides if pair % 2 == 0 else sides[::-1]
        for side in order:
            yield pair // pairs, side


def interleaved(
    run: Callable[[LoadPlan], BlockResult], plans: dict[str, LoadPlan], *, repeats: int, pairs: int
) -> Iterator[SideBlock]:
    """Run the plan of each side in turns and yield every block. Both blocks of a pair walk the same journeys."""
    at_s = 0.0
    for number, (repeat, side) in enumerate(turns(repeats, pairs, tuple(plans))):
        plan = replace(plans[side], seed=f"{plans[side].seed} {number // 2}")
        yield SideBlock(side, repeat, at_s, run(plan))
        at_s += plan.warm_up_s + plan.duration_s
