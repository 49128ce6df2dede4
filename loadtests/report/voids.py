"""Why a run proves nothing: each reason in one line, with the scenario that it voids, or with none where it voids all."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from loadtests import resources
from loadtests.calls import WRONG
from loadtests.load import VOID_ABOVE_CPU, VOID_ABOVE_LATE, BlockResult, late_share, lost_share
from loadtests.report import lag_figures
from loadtests.results import Results


class Reason(NamedTuple):
    """One reason. scenario: what it is about, or nothing."""

    words: str
    scenario: str = ""


def reasons(results: Results) -> list[Reason]:
    """Return every reason that a run gives not to be believed."""
    return [*_generator(results), *_outcomes(results), *_books(results), *_resources(results)]


def _generator(results: Results) -> Iterator[Reason]:
    for name in results.played:
        for side, measured in results.pairs(name).items():
            blocks = [one.block for one in measured]
            for words in of_generator(blocks):
                yield Reason(f"{name} on {side}: {words}", name)


def of_generator(blocks: Sequence[BlockResult]) -> Iterator[str]:
    """Yield why these blocks say nothing. Of several workers the worst one counts: what it does too late, no other makes good."""
    cpu, late, lost = max(block.cpu for block in blocks), late_share(blocks), lost_share(blocks)
    if cpu > VOID_ABOVE_CPU:
        took = f"took {cpu:.0%} of a core, over {VOID_ABOVE_CPU:.0%}"
        yield f"the load generator {took}, so its times are not to be believed"
    if late > VOID_ABOVE_LATE:
        yield f"{late:.0%} of the requests started late, over {VOID_ABOVE_LATE:.0%}"
    if lost > VOID_ABOVE_LATE:
        yield f"{lost:.0%} of the arrivals were lost with a worker, over {VOID_ABOVE_LATE:.0%}"


def _outcomes(results: Results) -> Iterator[Reason]:
    for name in results.played:
        for side, blocks in results.pairs(name).items():
            if number := sum(one.block.wrong for one in blocks):
                told = (why for one in blocks for why in one.block.reasons if WRONG in why)
                first = next(told, "one that happened too seldom to be listed")
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
