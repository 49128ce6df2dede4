"""Delivery of what streams, topics and queues tell to the functions that the templates wake by it.

The test does it after each request: in order, each once, until nothing is new.
"""

from .inboxes import Inbox
from .wiring import Wiring

MOST_FAILURES = 3  # in a row: such a function is broken, and a test must hear of it before the dead letters do
MOST_ROUNDS = 50


def deliver(wires: Wiring) -> None:
    """Deliver until nothing is new anywhere: what one function writes may wake another."""
    for _ in range(MOST_ROUNDS):
        pour(wires)
        if not sum(hand_over(inbox) for inbox in wires.inboxes):
            return
    raise AssertionError("the functions wake each other without end")


def pour(wires: Wiring) -> None:
    """Tell what is new in every source to all who follow it."""
    for source, followers in wires.sources.values():
        for record in source.take():
            for put in followers:
                put(record)


def hand_over(inbox: Inbox) -> int:
    """Hand over all that waits in an inbox; return in how many batches."""
    batches = failures = 0
    while batch := inbox.take():
        failed = inbox.reader.invoke(batch)
        inbox.settle(batch, failed)
        batches, failures = batches + 1, failures + 1 if failed else 0
        assert failures < MOST_FAILURES, f"{inbox.reader.function.name} does not handle {batch}"
    return batches
