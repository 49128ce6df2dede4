"""Random histories of all services: what a few people do, and what befalls messages and functions on the way, by a number.

Two modules of tests share the numbers, so that two processes can.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

import httpx

from tests.contract.aws_calls import watched_by

from .crowd import Crowd
from .storm import Point, Storm
from .verdict import judge, judge_courses
from .world import World, world_of

EACH = 250  # histories of each module of tests at least
MOST = 600
PEOPLE = ("ada", "bob")
LONGEST = 6  # things that people do in a history
MOST_BETWEEN = 3  # batches that are handed over between two of them


def run_histories(numbers: range) -> None:
    """Run these histories and check the end state of each."""
    with _quiet(), world_of(*PEOPLE) as world:
        for number in numbers:
            lived(world, number)


def run_until_interrupted_everywhere(numbers: range) -> None:
    """Run at least EACH of these histories, and more until every function was interrupted at every call."""
    met: set[Point] = set()
    cut: set[Point] = set()
    with _quiet(), world_of(*PEOPLE) as world:
        functions = {backlog.reader.function.name for backlog in world.routing.backlogs}
        for place, number in enumerate(numbers, start=1):
            storm = lived(world, number)
            met |= {point for point in storm.met if point[0] in functions}
            cut |= storm.cut
            if place >= EACH and met <= cut:
                return
    raise AssertionError(f"never interrupted: {met - cut}")


def lived(world: World, number: int) -> Storm:
    """Let a history happen and judge it; its number says all of it, so one that fails can be had again."""
    world.begin_again()
    chance = Random(number)  # noqa: S311  the history's own
    storm = Storm(world.routing, chance)

    def serve(request: httpx.Request) -> httpx.Response:
        may_end = request.url.path != "/posts"  # a client that hears nothing cannot publish again
        return storm.request(f"{request.method} {request.url.path}", lambda: world.serve(request), may_end=may_end)

    crowd = Crowd(world.api(serve), world.people, chance, word="chance")
    try:
        with watched_by(storm):
            _live(crowd, storm, chance)
        judge(crowd, world.api(world.serve), world.board())
        judge_courses(storm.told)
        assert world.messages() == {}, "messages are left over or given up"
    except AssertionError as failure:
        failure.add_note(f"history {number}:\n" + "\n".join(storm.log))
        raise
    return storm


def _live(crowd: Crowd, storm: Storm, chance: Random) -> None:
    for _ in range(chance.randint(3, LONGEST)):
        crowd.act()
        for _ in range(chance.randint(0, MOST_BETWEEN)):
            storm.blow()
    while storm.blow():
        pass


@contextmanager
def _quiet() -> Iterator[None]:
    logging.disable(logging.INFO)  # a hundred thousand lines of what went well
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
