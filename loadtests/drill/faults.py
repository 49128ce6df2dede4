"""The faults of the drills, as a list."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import KW_ONLY, dataclass
from inspect import getdoc

from loadtests.drill import monolith, services
from loadtests.drill.monolith import Monolith
from loadtests.drill.services import Services


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. monolith, services: how it is injected on a side, or the reason why that side has no counterpart.

    ends: how it ends. lasts_s: the seconds until then, with what the injection takes.
    """

    name: str
    monolith: Callable[[Monolith], AbstractContextManager[None]] | str
    services: Callable[[Services], AbstractContextManager[None]] | str
    _: KW_ONLY
    ends: str
    lasts_s: float

    def about(self, side: str) -> str:
        """Return what is done on a side."""
        return str(getdoc(self.monolith if side == "monolith" else self.services))


MANAGED = "DynamoDB is a managed service in three zones: there is no process to kill"
TRANSACTION = "a write and its effects are one transaction: there is no delivery that could be lost or repeated"
NO_STREAM = "a write and its effects are one transaction: there is no stream"
ITSELF = "by itself: another process is started"

FAULTS = (
    Fault("kill-worker", monolith.kill_worker, services.kill_functions, ends=ITSELF, lasts_s=3),
    Fault("kill-database", monolith.kill_database, MANAGED, ends=ITSELF, lasts_s=3),
    Fault(
        "hang-database",
        monolith.hang_database,
        services.hang_table,
        ends="a new database, the table answers again",
        lasts_s=5,
    ),
    Fault("throttle-store", monolith.lock_votes, services.throttle_table, ends="lock and throttling end", lasts_s=5),
    Fault("broken-search", monolith.rename_index, services.deny_search, ends="somebody repairs it", lasts_s=4),
    Fault("deliveries", TRANSACTION, services.repeat_deliveries, ends="deliveries succeed again", lasts_s=5),
    Fault("poison", monolith.poison_jobs, services.poison_queue, ends="the last attempt parks them", lasts_s=15),
    Fault("cut-stream", NO_STREAM, services.cut_streams, ends="the streams are connected again", lasts_s=60),
    Fault("rolling-update", monolith.update_workers, services.update_services, ends="all is updated", lasts_s=12),
    Fault("rollback", monolith.release_a_bug, services.release_a_bug, ends="the former code is released", lasts_s=8),
)
