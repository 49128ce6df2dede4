"""Journeys under way: every arrival takes the next call of one of them, or the first of a new one."""

from collections import deque
from collections.abc import Mapping
from heapq import heappop, heappush
from itertools import count
from random import Random
from time import perf_counter

from loadtests.calls import Answer, Call
from loadtests.data.world import World
from loadtests.journeys import JOURNEYS, Steps


class Walks:
    """Hands out the next call of a journey under way, or the first of a new one, and takes its answer back.

    So every arrival has a call at its time: one that waits for an answer, or for a later look, holds up its own journey, no other.
    """

    def __init__(self, weights: Mapping[str, float], world: World, seed: str) -> None:
        self._world = world
        self._draw = Random(seed)
        self._journeys, self._weights = [JOURNEYS[name] for name in weights], list(weights.values())
        self._ready: deque[tuple[Steps, Call]] = deque()
        self._later: list[tuple[float, int, Steps, Call]] = []
        self._numbers = count()

    def next(self) -> tuple[Steps, Call]:
        """Return a journey and its next call."""
        while self._later and self._later[0][0] <= perf_counter():
            self._ready.append(heappop(self._later)[2:])
        if self._ready:
            return self._ready.popleft()
        journey = self._draw.choices(self._journeys, self._weights)[0]
        steps = journey(self._world, Random(self._draw.random()))
        return steps, next(steps)

    def advance(self, steps: Steps, answer: Answer) -> None:
        """Let a journey go on with its answer; its next call waits for an arrival, one with a delay for that too."""
        try:
            call = steps.send(answer)
        except StopIteration:
            return
        if call.after_s:
            heappush(self._later, (perf_counter() + call.after_s, next(self._numbers), steps, call))
        else:
            self._ready.append((steps, call))
