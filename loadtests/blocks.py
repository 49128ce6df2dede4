"""Blocks of load on both sides in turns, each run by the one generator process."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from loadtests.load import BlockResult, LoadPlan

SIDES = ("monolith", "microservices")


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
