"""What the command line may say of a load: its shape or a trace, a mix of its own, and how many processes offer it."""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

from loadtests import mixes
from loadtests.arguments import positive
from loadtests.errors import UsageError
from loadtests.load import LIVE, LoadPlan
from loadtests.mixes import Mix
from loadtests.shapes import SHAPES, STEADY, length_s, read_trace, shaped, trace_length_s
from loadtests.workers.messages import address_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A recorded trace: where it was read from, and when each arrival is due."""

    path: Path
    times: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """How load is offered. mix: one that was read from a file of the user's. workers, bind: of LoadProcess."""

    shape: str = STEADY
    trace: Trace | None = None
    mix: Mix | None = None
    workers: int = 0
    bind: str = ""

    @property
    def name(self) -> str:
        """The shape's name, or where the trace was read from."""
        return str(self.trace.path) if self.trace else self.shape

    @property
    def generator(self) -> str:
        """What offers the load, and where, in words."""
        if self.bind:
            return f"{self.workers} workers that came to {self.bind}"
        return "on the same machine, " + (f"{self.workers} workers" if self.workers else "a process of its own")

    @property
    def scenarios(self) -> tuple[str, ...]:
        """What can be offered: every mix that is known, and messages."""
        return (*mixes.names(), *([self.mix.name] if self.mix else []), LIVE)

    @property
    def rate(self) -> float | None:
        """The mean rate of a trace, which no other rate changes."""
        return len(self.trace.times) / trace_length_s(self.trace.times) if self.trace else None

    def seconds(self, asked: float | None) -> float | None:
        """Return how long a block is: as asked, else as long as the trace or the shape; None where none of them says."""
        if self.trace:
            return trace_length_s(self.trace.times)
        return asked or (None if self.shape == STEADY else length_s(SHAPES[self.shape]))

    def over(self, plan: LoadPlan) -> LoadPlan:
        """Return a plan of a steady rate with this shape, mix or trace instead; the rate is the shape's highest."""
        own = self.mix if self.mix and self.mix.name == plan.scenario else None
        plan = replace(plan, journeys=own.journeys) if own else plan
        if self.trace:
            times = self.trace.times
            return replace(plan, trace=times, duration_s=trace_length_s(times), rate=self.rate or plan.rate)
        return replace(plan, shape=shaped(self.shape, rate=plan.rate, seconds=plan.duration_s))


def register(verb: argparse.ArgumentParser) -> None:
    """Let a command take all of it; `of` reads it. Files are read at once: UsageError says what is wrong with one."""
    timing = verb.add_mutually_exclusive_group()
    timing.add_argument(
        "--shape", choices=SHAPES, default=STEADY, help="how the rate runs; --rate is its highest (steady)"
    )
    timing.add_argument(
        "--trace", type=_trace, metavar="FILE", help="replay recorded arrivals: a CSV of offsets in seconds"
    )
    verb.add_argument("--mix", type=_mix, metavar="FILE", help="a mix of journeys of one's own, as in loadtests/mixes")
    verb.add_argument(
        "--workers", type=_workers, default=0, help="processes that offer the load (one, without a master)"
    )
    verb.add_argument(
        "--bind", type=_address, default="", metavar="HOST[:PORT]", help="await the workers here; start none"
    )


def of(asked: argparse.Namespace) -> Offer:
    """Return what a command line asks for. Raise UsageError of options that contradict each other."""
    if asked.bind and not asked.workers:
        raise UsageError("--bind: say with --workers how many are to be awaited there")
    if asked.trace and asked.duration:
        raise UsageError("--duration: a trace has its own length")
    return Offer(shape=asked.shape, trace=asked.trace, mix=asked.mix, workers=asked.workers, bind=asked.bind)


def _trace(word: str) -> Trace:
    return Trace(path=Path(word), times=read_trace(Path(word)))


def _mix(word: str) -> Mix:
    return mixes.read(Path(word))


def _workers(word: str) -> int:
    number = int(positive(word))
    if number != float(word):
        raise argparse.ArgumentTypeError(f"{word} is no number of processes")
    return number


def _address(word: str) -> str:
    address_of(word)
    return word
