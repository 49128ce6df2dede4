"""Inside the functions: the time outside store calls, and the store calls of each operation."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from time import thread_time
from typing import Any

from loadtests.errors import RunError
from tests.bench import order_rows
from tests.bench.hashing import hashing_timed
from tests.bench.in_process import Handler, event
from tests.bench.operations import Operation, written_calls
from tests.bench.rows import Row
from tests.bench.store_calls import Calls

WARM, TIMED = 5, 40


class UnexpectedResponse(RunError):
    """A function did not give the expected answer."""


@dataclass(frozen=True, slots=True)
class Services:
    """The running services: address of the local AWS, a DynamoDB client, the environment of each service's HTTP function."""

    endpoint: str
    dynamodb: Any
    environments: dict[str, dict[str, str]]


def rows(
    handlers: dict[str, Handler], operations: Sequence[Operation], calls: Calls, done: Callable[[], None]
) -> Iterator[Row]:
    """Yield the rows of the functions. `done` is called after each operation."""
    outside: dict[str, float] = {}
    seen: dict[str, list[str]] = {}
    for one in operations:
        measured = [once(handlers[one.feature], one, number, calls) for number in range(WARM + TIMED)][WARM:]
        outside[one.name] = median(milliseconds for milliseconds, _ in measured)
        seen[one.name] = measured[-1][1]
        done()
    slowest = max(outside, key=lambda name: outside[name])
    yield Row(
        what="services: processor time of a warm function outside store calls, median (no hashing; searches have one hit)",
        against="–",
        shown=f"{outside[slowest]:.2f} ms ({slowest}, the slowest of {len(outside)})",
        value=outside[slowest],
        reach=1,
        unit=" ms",
    )
    written = written_calls()
    others = [f"{name}: {', '.join(made)}" for name, made in seen.items() if made != written.get(name)]
    yield order_rows.placed(seen["place"])
    yield Row(
        what="services: operations whose store calls are not the documented ones",
        against="docs/store-calls.md",
        shown="; ".join(others) or f"{len(seen)} of {len(seen)} operations as documented",
        value=len(others),
        reach=0,
        unit=" operations",
        origin="emulated",
    )


def once(handler: Handler, one: Operation, number: int, calls: Calls) -> tuple[float, list[str]]:
    """Run an operation once. Return its milliseconds outside store calls and hashing, and the names of its store calls.

    The milliseconds are processor time: outside of its calls a function waits for nothing, and other processes are excluded.

    Raise UnexpectedResponse if it fails.
    """
    request = {"username": "", **one.sent, **one.fresh(number)}
    sent = event(one.route, parameters=one.parameters, **request)
    calls.reset()
    with hashing_timed() as hashed:
        began = thread_time()
        answer = handler(sent, None)
        took = thread_time() - began
    if answer["statusCode"] != one.status:
        raise UnexpectedResponse(f"{one.name} answered {answer['statusCode']}: {answer.get('body', '')[:200]}")
    return (took - calls.seconds - sum(hashed)) * 1000, list(calls.names)
