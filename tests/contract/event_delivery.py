"""Delivery of what streams, topics and queues tell to the functions that the templates wake by it.

The test does it after each request: in order, each once, until nothing is new.
"""

from .backlogs import Backlog
from .event_routing import EventRouting

MOST_FAILURES = 3  # in a row: such a function is broken, and a test must hear of it before the dead letters do
MOST_ROUNDS = 50


def deliver(wires: EventRouting) -> None:
    """Deliver until nothing is new anywhere: what one function writes may wake another."""
    for _ in range(MOST_ROUNDS):
        pour(wires)
        if not sum(hand_over(backlog) for backlog in wires.backlogs):
            return
    raise AssertionError("the functions wake each other without end")


def pour(wires: EventRouting) -> None:
    """Tell what is new in every source to all who follow it."""
    for source, followers in wires.sources.values():
        for record in source.take():
            for put in followers:
                put(record)


def hand_over(backlog: Backlog) -> int:
    """Hand over all that waits in a backlog; return in how many batches."""
    batches = failures = 0
    while batch := backlog.take():
        failed = backlog.reader.invoke(batch)
        backlog.settle(batch, failed)
        batches, failures = batches + 1, failures + 1 if failed else 0
        assert failures < MOST_FAILURES, f"{backlog.reader.function.name} does not handle {batch}"
    return batches
