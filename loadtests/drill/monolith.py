"""Faults of the monolith, injected from outside: signals to its processes, statements to its database.

Each is a context manager: entering it injects the fault, leaving it ends the fault. Twin: services.py.
"""

import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Any, cast
from uuid import uuid4

import psutil
import psycopg

from loadtests import systems
from loadtests.drill.services import BUG, PARKED_WITHIN_S, POISON
from loadtests.processes import ROOT
from loadtests.resources import MASTER, POSTGRES, WEB, roles
from monolith import embedded_postgres, postgres_server
from monolith.database import connect

RELOADED_WITHIN_S = 30.0
INSERT_JOB = "INSERT INTO jobs (id, kind, subject, payload) VALUES (%s, 'avatar', 'drill', 'poison')"
SELECT_PARKED = "SELECT id FROM jobs WHERE subject = 'drill' AND reason IS NOT NULL"
# Runs the code of a folder, which is the first argument. The others are those of `python -m monolith`.
RUN_RELEASE = """
import os, runpy, sys
os.chdir(sys.argv.pop(1))
sys.path[0] = os.getcwd()
runpy.run_module("monolith", run_name="__main__", alter_sys=True)
"""


@dataclass(frozen=True, slots=True)
class Monolith:
    """A running monolith, by its run directory. by_hand: the repairs that a fault needed."""

    run_dir: Path
    by_hand: list[str] = field(default_factory=list)

    def processes(self, role: str) -> list[psutil.Process]:
        """Return its processes with a role of resources.py. Raise SystemFailed if there is none."""
        if not (processes := roles(systems.MONOLITH, self.run_dir)[role]):
            raise systems.SystemFailed(f"the monolith has no {role}")
        return processes

    @property
    def release(self) -> Path:
        """The folder of the code that it runs, a copy."""
        return self.run_dir.resolve() / "release"

    def reload(self) -> None:
        """Let the main process replace its workers, and wait until all of them are new."""
        old, deadline = set(self.processes(WEB)), monotonic() + RELOADED_WITHIN_S
        self.processes(MASTER)[0].send_signal(signal.SIGHUP)
        while old.intersection(self.processes(WEB)) and monotonic() < deadline:
            sleep(0.1)

    @property
    def data(self) -> Path:
        """The folder of the embedded PostgreSQL."""
        return self.run_dir.resolve() / "monolith" / "postgres"

    def connect(self) -> psycopg.Connection[Any]:
        """Return a connection of an administrator to the embedded PostgreSQL. It commits each statement."""
        url = embedded_postgres.local_url(self.data)
        pooled = connect(url, pool_size=1).raw_connection()
        connection = cast("psycopg.Connection[Any]", pooled.driver_connection)  # None after `detach`
        pooled.detach()
        connection.autocommit = True
        return connection


@contextmanager
def kill_worker(monolith: Monolith) -> Iterator[None]:
    """Kill one worker process (SIGKILL)."""
    monolith.processes(WEB)[0].kill()
    yield


@contextmanager
def kill_database(monolith: Monolith) -> Iterator[None]:
    """Kill PostgreSQL's first process (SIGKILL)."""
    if (server := postgres_server.find(monolith.data)) is None:
        raise systems.SystemFailed("the monolith has no running PostgreSQL")
    server.kill()  # the others end with it
    yield


@contextmanager
def hang_database(monolith: Monolith) -> Iterator[None]:
    """Stop all processes of PostgreSQL (SIGSTOP), then let those that still exist continue (SIGCONT)."""
    processes = monolith.processes(POSTGRES)
    for each in processes:
        each.suspend()
    try:
        yield
    finally:
        for each in processes:
            with suppress(psutil.NoSuchProcess):  # the supervisor has started others
                each.resume()


@contextmanager
def lock_votes(monolith: Monolith) -> Iterator[None]:
    """Hold a lock on the table of votes in a transaction, as a migration does."""
    with monolith.connect() as connection, connection.transaction():
        connection.execute("LOCK TABLE votes IN ACCESS EXCLUSIVE MODE")
        yield


@contextmanager
def rename_index(monolith: Monolith) -> Iterator[None]:
    """Rename the table of the search index."""
    with monolith.connect() as connection:
        connection.execute("ALTER TABLE search_index RENAME TO search_index_lost")
        yield
        connection.execute("ALTER TABLE search_index_lost RENAME TO search_index")
    monolith.by_hand.append("rename the table")


@contextmanager
def poison_jobs(monolith: Monolith) -> Iterator[None]:
    """Add ten jobs that no code can do to the queue of thumbnails."""
    with monolith.connect() as connection:
        for _ in range(POISON):
            connection.execute(INSERT_JOB, [uuid4().hex])
        yield
        deadline = monotonic() + PARKED_WITHIN_S
        while len(parked := connection.execute(SELECT_PARKED).fetchall()) < POISON and monotonic() < deadline:
            sleep(0.1)
        connection.execute("DELETE FROM jobs WHERE subject = 'drill'")
    monolith.by_hand.append(f"look at {len(parked)} parked jobs and delete them")


@contextmanager
def update_workers(monolith: Monolith) -> Iterator[None]:
    """Replace every worker (SIGHUP to the main process)."""
    monolith.reload()
    yield


@contextmanager
def release_a_bug(monolith: Monolith) -> Iterator[None]:
    """Release a bug in the code of search, then the former code."""
    file = monolith.release / "shared_domain" / "search.py"
    former = file.read_bytes()
    file.write_bytes(former + BUG)
    monolith.reload()
    yield
    file.write_bytes(former)
    monolith.reload()
    monolith.by_hand.append("release the former code")


def system(run_dir: Path) -> systems.System:
    """Copy the code of the monolith into a run directory, and return the system that runs the copy."""
    release = Monolith(run_dir).release
    for name in ("monolith", "shared_domain", "docs"):
        shutil.copytree(ROOT / name, release / name, ignore=shutil.ignore_patterns("reference", "*.png"))
    return systems.System(systems.MONOLITH.name, (sys.executable, "-c", RUN_RELEASE, str(release)))
