"""Why a run is void: one line each, with the scenario that it voids, or none if it voids the whole run."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from loadtests.calls import WRONG
from loadtests.load import BlockResult, void_reasons
from loadtests.results import Results, differences


class Reason(NamedTuple):
    """One reason. scenario: empty for the whole run."""

    text: str
    scenario: str = ""


def reasons(results: Results, effects: Mapping[str, Mapping[str, Any]]) -> list[Reason]:
    """Return every reason. effects: the lost and doubled effects by kind and side."""
    return [*_of_scenarios(results), *_of_effects(results, effects), *_of_resources(results)]


def _of_scenarios(results: Results) -> Iterator[Reason]:
    for name in results.played:
        for side, measured in results.pairs(name).items():
            blocks = [one.block for one in measured]
            for text in (*void_reasons(blocks), *_wrong_outcomes(blocks)):
                yield Reason(f"{name} on {side}: {text}", name)


def _wrong_outcomes(blocks: Sequence[BlockResult]) -> Iterator[str]:
    if count := sum(block.wrong for block in blocks):
        listed = (reason for block in blocks for reason in block.reasons if WRONG in reason)
        yield f"{count} outcomes were wrong, such as {next(listed, 'one that was too rare to be listed')}"


def _of_effects(results: Results, effects: Mapping[str, Mapping[str, Any]]) -> Iterator[Reason]:
    for kind, counts in effects.items():
        for side in results.sides:
            if count := counts.get(side, 0):
                yield Reason(f"the consistency audit of the {side} failed: {kind.replace('_', ' ')} {count}")


def _of_resources(results: Results) -> Iterator[Reason]:
    """Compare the resources before and after the load: they may change in between."""
    texts = (text for sides in results.resources for text in differences(sides))
    return (Reason(text) for text in dict.fromkeys(texts))
