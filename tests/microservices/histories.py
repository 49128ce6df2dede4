"""Random histories of all services: what a few users do, and which faults happen on the way. A number determines a history."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

import httpx

from tests.contract.aws_calls import watched_by

from .fault_injection import FaultInjector, Point
from .in_process_system import InProcessSystem, in_process_system
from .invariants import check_invariants, check_order_stages
from .random_users import RandomUsers

EACH = 125  # histories of each part at least
MOST = 600
PEOPLE = ("ada", "bob")
MAX_ACTIONS = 6  # of users in one history
MAX_BATCHES_BETWEEN = 3  # batches that are delivered between two actions


def run_histories(numbers: range) -> None:
    """Run these histories and check the end state of each."""
    with _without_info_logs(), in_process_system(*PEOPLE) as system:
        for number in numbers:
            run_history(system, number)


def run_until_interrupted_everywhere(numbers: range) -> None:
    """Run at least EACH of these histories, and more until every function was interrupted at every call."""
    seen: set[Point] = set()
    interrupted: set[Point] = set()
    with _without_info_logs(), in_process_system(*PEOPLE) as system:
        functions = {backlog.reader.function.name for backlog in system.routing.backlogs}
        for place, number in enumerate(numbers, start=1):
            faults = run_history(system, number)
            seen |= {point for point in faults.seen if point[0] in functions}
            interrupted |= faults.interrupted
            if place >= EACH and seen <= interrupted:
                return
    raise AssertionError(f"never interrupted: {seen - interrupted}")


def run_history(system: InProcessSystem, number: int) -> FaultInjector:
    """Run a history and check its end state. The number seeds the random generator, so a failed history can be repeated."""
    system.reset()
    chance = Random(number)  # noqa: S311  must be reproducible, not secure
    faults = FaultInjector(system.routing, chance)

    def serve(request: httpx.Request) -> httpx.Response:
        may_interrupt = request.url.path != "/posts"  # publishing is not idempotent, so the client cannot retry it
        name = f"{request.method} {request.url.path}"
        return faults.request(name, lambda: system.serve(request), may_interrupt=may_interrupt)

    users = RandomUsers(system.api(serve), system.people, chance, word="chance")
    try:
        with watched_by(faults):
            _run(users, faults, chance)
        check_invariants(users, system.api(system.serve), system.leaderboard())
        check_order_stages(faults.records)
        assert system.messages() == {}, "messages were left in queues"
    except AssertionError as failure:
        failure.add_note(f"history {number}:\n" + "\n".join(faults.log))
        raise
    return faults


def _run(users: RandomUsers, faults: FaultInjector, chance: Random) -> None:
    for _ in range(chance.randint(3, MAX_ACTIONS)):
        users.act()
        for _ in range(chance.randint(0, MAX_BATCHES_BETWEEN)):
            faults.deliver_batch()
    while faults.deliver_batch():
        pass


@contextmanager
def _without_info_logs() -> Iterator[None]:
    logging.disable(logging.INFO)  # a hundred thousand lines of successful calls
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
