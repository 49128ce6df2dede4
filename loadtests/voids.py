"""Why a run proves nothing: each reason in one line, with the scenario that it voids, or with none where it voids all."""

from collections.abc import Iterator
from typing import NamedTuple

from loadtests import lag_figures, resources
from loadtests.blocks import Measured
from loadtests.plan import VOID_ABOVE_CPU
from loadtests.results import Results

LATE = 0.05  # of the arrivals, over 10 ms late
WRONG = "wrong outcome"


class Reason(NamedTuple):
    """One reason. scenario: what it is about, or nothing."""

    words: str
    scenario: str = ""


def reasons(results: Results) -> list[Reason]:
    """Return every reason that a run gives not to be believed."""
    return [*_generator(results), *_outcomes(results), *_books(results), *_resources(results)]


def _generator(results: Results) -> Iterator[Reason]:
    for name in results.played:
        for side, blocks in results.pairs(name).items():
            cpu = max(one.block.cpu for one in blocks)
            if cpu > VOID_ABOVE_CPU:
                took = f"took {cpu:.0%} of a core, over {VOID_ABOVE_CPU:.0%}"
                yield Reason(f"{name} on {side}: the load generator {took}, so its times are not to be believed", name)
            late = _late_share(name, blocks, results)
            if late > LATE:
                yield Reason(f"{name} on {side}: {late:.0%} of the requests started late, over {LATE:.0%}", name)


def _late_share(name: str, blocks: list[Measured], results: Results) -> float:
    """A block of a live feed counts messages, but what starts late is a write: the rate says how many there were."""
    arrivals = results.settings["rates"].get(name, 0) * results.settings["block_s"] * len(blocks)
    return sum(one.block.late_ticks for one in blocks) / arrivals if arrivals else 0.0


def _outcomes(results: Results) -> Iterator[Reason]:
    for name in results.played:
        for side, blocks in results.pairs(name).items():
            wrong = [(why, count) for one in blocks for why, count in one.block.reasons.items() if WRONG in why]
            if wrong:
                number, first = sum(count for _, count in wrong), wrong[0][0]
                yield Reason(f"{name} on {side}: {number} outcomes were wrong, such as {first}", name)


def _books(results: Results) -> Iterator[Reason]:
    for kind, found in lag_figures.effects(results).items():
        for side in results.sides:
            if number := found.get(side, 0):
                yield Reason(f"the books of the {side} are wrong after the load: {kind.replace('_', ' ')} {number}")


def _resources(results: Results) -> Iterator[Reason]:
    """Looked at before the load and after it: a side that was given something meanwhile is no equal either."""
    for said in dict.fromkeys(why for found in results.resources for why in resources.differences(found)):
        yield Reason(said)
