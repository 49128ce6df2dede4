"""Whatever happens to messages and functions on the way, everything comes out exact in the end."""

from collections.abc import Iterator
from random import Random

import pytest

from .histories import History
from .storm import Point
from .verdict import judge
from .world import World, world_of

HISTORIES = 520
LONGEST = 6  # things that people do in a history

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with world_of("ada", "bob", "cyd") as world:
        yield world


def lived(world: World, number: int) -> History:
    """Return a history once it is over and judged; its number says all of it, so a failure can be had again."""
    chance = Random(number)  # noqa: S311
    history = History(world, chance)
    try:
        history.happen(length=chance.randint(2, LONGEST))
        judge(history)
    except AssertionError as failure:
        failure.add_note(f"history {number}:\n" + "\n".join(history.storm.log))
        raise
    return history


def test_every_history_ends_exact_and_every_function_was_cut_off_at_every_call(world: World) -> None:
    functions = {inbox.reader.function.name for inbox in world.gateway.wires.inboxes}
    met: set[Point] = set()
    cut: set[Point] = set()
    for number in range(HISTORIES):
        history = lived(world, number)
        met |= {point for point in history.storm.met if point[0] in functions}
        cut |= history.storm.cut
    assert met <= cut, f"never cut off: {met - cut}"
