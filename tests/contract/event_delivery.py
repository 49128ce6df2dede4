"""Deliver the records of streams, topics and queues to their functions: in order, each once, until nothing is left.

The gateway does this after each request.
"""

from .backlogs import Backlog
from .event_routing import EventRouting

MOST_FAILURES = 3  # in a row; the function is broken, so fail before the records reach the dead-letter queue
MOST_ROUNDS = 50


def deliver(routing: EventRouting) -> None:
    """Deliver until no source has new records. A write of one function may invoke another."""
    for _ in range(MOST_ROUNDS):
        collect_records(routing)
        if not sum(invoke_all(backlog) for backlog in routing.backlogs):
            return
    raise AssertionError("the functions invoke each other without end")


def collect_records(routing: EventRouting) -> None:
    """Move the new records of every source to the backlogs of its subscribers."""
    for source, followers in routing.sources.values():
        for record in source.take():
            for put in followers:
                put(record)


def invoke_all(backlog: Backlog) -> int:
    """Invoke the function with all its waiting records. Return the number of batches."""
    batches = failures = 0
    while batch := backlog.take():
        failed = backlog.reader.invoke(batch)
        backlog.settle(batch, failed)
        batches, failures = batches + 1, failures + 1 if failed else 0
        assert failures < MOST_FAILURES, f"{backlog.reader.function.name} does not handle {batch}"
    return batches
