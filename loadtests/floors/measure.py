"""Start the floors next to the systems and measure them with the same kind of load."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from loadtests import systems
from loadtests.calls import Call, unchecked
from loadtests.client import open_client, succeed
from loadtests.floors import cloud
from loadtests.load import BlockResult, LoadPlan
from loadtests.provenance import origin_of
from monolith import embedded_postgres

PATHS = {"empty": "/floors/empty", "key_read": "/floors/row"}
ROUNDS = 2
WARM_UP_REQUESTS = 5
Floors = dict[str, dict[str, list[BlockResult]]]


def measure_floors(
    urls: Mapping[str, str],
    run: Callable[[LoadPlan], BlockResult],
    *,
    rate: float,
    own: Path | None,
    done: Callable[[], None],
) -> Floors:
    """Return the blocks of each floor by side. `done` is called after each round of a floor.

    own: the run directory of a monolith that this run started. Without it, and for services on AWS, that side has no floor:
    nothing is deployed next to a system that this run did not start.
    """
    # Half of the time of `loadtests.run`'s import, which every wrong command line would wait for.
    from loadtests.floors.web import insert_row  # noqa: PLC0415
    from monolith.database import connect  # noqa: PLC0415

    with ExitStack() as stack:
        bases = {}
        if own is not None:
            insert_row(connect(database_url(own), pool_size=1))
            bases["monolith"] = stack.enter_context(web_up(own))
        if origin_of(urls["microservices"]) == "emulated":
            bases["microservices"] = stack.enter_context(cloud.deploy_floors(urls["microservices"]))
        for base in bases.values():
            warm_up(base)
        results: Floors = {side: {name: [] for name in PATHS} for side in bases}
        for _ in range(ROUNDS):
            for name, path in PATHS.items():
                for side, base in bases.items():
                    block = run(LoadPlan(base_url=base, rate=rate, duration_s=1, warm_up_s=0.2, seed=name, path=path))
                    results[side][name].append(block)
                done()
    return results


@contextmanager
def web_up(run_dir: Path, module: str = "loadtests.floors.web") -> Iterator[str]:
    """Serve the monolith's floors, or another application on its database, for the length of a block. Yield the URL."""
    server = systems.System(module, (sys.executable, "-m", module, "--database-url", database_url(run_dir)))
    with systems.running(run_dir, [server]) as urls:
        yield urls[module]


def database_url(run_dir: Path) -> str:
    """Return the URL of the database that the monolith of a run directory uses."""
    return os.environ.get("DATABASE_URL") or embedded_postgres.local_url(run_dir / "monolith" / "postgres")


def warm_up(base_url: str) -> None:
    """Send requests one by one until the functions are warm: in a burst each request would start a process."""
    with open_client(base_url) as client:
        for path in (*PATHS.values(),) * WARM_UP_REQUESTS:
            succeed(client, Call(operation=f"GET {path}", path=path, check=unchecked))
