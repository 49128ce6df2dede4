"""Whatever happens to messages and functions on the way, everything comes out exact in the end."""

import logging
from collections.abc import Iterator
from random import Random

import httpx
import pytest

from tests.contract.calls import watched_by

from .crowd import Crowd
from .storm import Storm
from .verdict import judge, judge_courses
from .world import World, world_of

HISTORIES = 520
LONGEST = 6  # things that people do in a history
MOST_BETWEEN = 3  # batches that are handed over between two of them

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    logging.disable(logging.INFO)  # a hundred thousand lines of what went well
    with world_of("ada", "bob", "cyd") as world:
        yield world
    logging.disable(logging.NOTSET)


def lived(world: World, number: int) -> Storm:
    """Let a history happen and judge it; its number says all of it, so one that fails can be had again."""
    world.begin_again()
    chance = Random(number)  # noqa: S311  the history's own
    storm = Storm(world.wires, chance)

    def serve(request: httpx.Request) -> httpx.Response:
        may_end = request.url.path != "/posts"  # a client that hears nothing cannot publish again
        return storm.request(f"{request.method} {request.url.path}", lambda: world.serve(request), may_end=may_end)

    crowd = Crowd(world.api(serve), world.people, chance, word="chance")
    try:
        with watched_by(storm):
            _happen(crowd, storm, chance)
        judge(crowd, world.api(world.serve), world.board())
        judge_courses(storm.told)
        assert world.messages() == {}, "messages are left over or given up"
    except AssertionError as failure:
        failure.add_note(f"history {number}:\n" + "\n".join(storm.log))
        raise
    return storm


def _happen(crowd: Crowd, storm: Storm, chance: Random) -> None:
    for _ in range(chance.randint(3, LONGEST)):
        crowd.act()
        for _ in range(chance.randint(0, MOST_BETWEEN)):
            storm.blow()
    while storm.blow():
        pass


def test_every_history_ends_exact_and_every_function_was_cut_off_at_every_call(world: World) -> None:
    storms = [lived(world, number) for number in range(HISTORIES)]
    functions = {inbox.reader.function.name for inbox in world.wires.inboxes}
    met = {point for storm in storms for point in storm.met if point[0] in functions}
    missed = met.difference(*[storm.cut for storm in storms])
    assert not missed, f"never cut off: {missed}"
