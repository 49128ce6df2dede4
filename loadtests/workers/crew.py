"""What the master knows of each worker within a block."""

from dataclasses import dataclass
from time import perf_counter

from loadtests.generator.tally import Tally
from loadtests.load import LostWorker, Worker
from loadtests.workers.messages import Done, Part


@dataclass(slots=True, kw_only=True)
class Member:
    """One worker and its part of a block. share: the arrivals that it is to start. heard_at: on perf_counter's scale."""

    id: str
    name: str
    share: int
    tally: Tally
    ready: bool = False
    parts: int = 0
    done: Done | None = None
    lost: bool = False
    heard_at: float = 0.0

    def take(self, part: Part) -> None:
        """Count a part, unless it was counted before or belongs to one who was given up: then nobody waits for the rest."""
        if part.number == self.parts and not self.lost:
            self.tally.merge(part.counts)
            self.parts += 1
            self.heard_at = perf_counter()

    def shown(self) -> Worker:
        """Return what the worker did, warm-up excluded."""
        block = self.tally.block()
        done = self.done or Done(0, 0.0)
        return Worker(name=self.name, arrivals=block.arrivals, late=block.late, cpu=done.cpu)

    def gone(self, begin: float) -> LostWorker:
        """Return when a lost worker was last heard of, after a block's begin, and which arrivals it took with it."""
        at_s = max(0.0, self.heard_at - begin)
        return LostWorker(name=self.name, at_s=round(at_s, 1), arrivals=self.share - self.tally.arrivals())
