"""Through gateway and function: the services against bare handlers behind the same gateway, and a function's memory."""

from collections.abc import Callable, Iterator

import psutil

from loadtests.floors import cloud
from tests.bench.closed import Request, closed_loop
from tests.bench.operations import FORM
from tests.bench.rows import Row, alternate, share
from tests.bench.view_rows import NO_VIEW

CONNECTIONS, SECONDS, ROUNDS = 2, 1.5, 4
WARM_SECONDS = 1.0
MEMORY_REQUESTS = 200
WORKER = "ministack-lambda-"


def rows(url: str, post_id: str, token: str, done: Callable[[], None]) -> Iterator[Row]:
    """Yield the rows. A view has a row of its own, in view_rows. `done` is called after each throughput. token: of a user."""
    pairs = (
        ("one post", "GetItem", {"path": f"/posts/{post_id}", "headers": NO_VIEW}, {"path": "/floors/row"}),
        ("publish", "PutItem", _written("/posts", token), _written("/floors/rows", token)),
    )
    with cloud.deploy_floors(url):
        for name, call, options, bare in pairs:
            own = Request(base_url=url, **options)
            floor = Request(base_url=url, **bare)
            for request in (own, floor):  # cold starts are over before the measurement
                closed_loop(request, connections=1, seconds=WARM_SECONDS)
            rates = alternate(lambda one=own: _rate(one), lambda one=floor: _rate(one), ROUNDS)  # type: ignore[misc]
            against = f"a bare handler with one {call} behind the same gateway"
            yield share(f"services: throughput, {name}", *rates, against=against, reach=0.75, origin="emulated")
            done()


def memory(url: str, post_id: str, microservices_pid: int) -> Row:
    """Return the row of the largest function worker after at least 200 requests."""
    served = 0
    while served < MEMORY_REQUESTS:
        request = Request(base_url=url, path=f"/posts/{post_id}")
        served += len(closed_loop(request, connections=1, seconds=1.0).latencies_ms)
    workers = {
        _function(process): process.memory_info().rss / 2**20
        for process in psutil.Process(microservices_pid).children(recursive=True)
        if _function(process)
    }
    largest = max(workers, key=lambda name: workers[name])
    return Row(
        what=f"services: memory of a function after at least {MEMORY_REQUESTS} requests",
        against="–",
        shown=f"{workers[largest]:.0f} MB ({largest}, the largest of {len(workers)})",
        value=workers[largest],
        reach=90,
        unit=" MB",
        origin="emulated",
    )


def _written(path: str, token: str) -> dict[str, object]:
    return {"method": "POST", "path": path, "body": FORM, "token": token, "expected": 201}


def _rate(request: Request) -> float:
    return closed_loop(request, connections=CONNECTIONS, seconds=SECONDS).rate


def _function(process: psutil.Process) -> str:
    """Return the name of the function that a worker process runs, from its folder's name, or nothing."""
    try:
        words = " ".join(process.cmdline())
    except psutil.NoSuchProcess:  # it has ended
        return ""
    return words.partition(WORKER)[2].rpartition("/")[0].rpartition("-")[0]
