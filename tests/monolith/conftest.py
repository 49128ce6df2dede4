"""Databases and a running monolith for all tests of this folder, which run in one process (tests/groups.py)."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from monolith import embedded_postgres
from monolith.database import connect, migrate

from .programs import Program, run_program


@dataclass(frozen=True, slots=True)
class Databases:
    """A running PostgreSQL that creates databases."""

    data: Path

    def create(self, *, template: str = "template1") -> str:
        """Create a database and return its URL. template: `postgres` for one with the schema of the monolith."""
        url, name = embedded_postgres.local_url(self.data), f"test_{uuid4().hex}"
        # PostgreSQL copies a database only while nobody else is connected to it.
        engine = connect(url.replace("/postgres?", "/template1?"), pool_size=1)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
        engine.dispose()
        return url.replace("/postgres?", f"/{name}?")


@pytest.fixture(scope="session")
def initialised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run directory with the schema and no data. PostgreSQL takes half of the CPU time of a start to create a new one."""
    run_dir = tmp_path_factory.mktemp("initialised")
    with embedded_postgres.running(run_dir / "monolith" / "postgres") as url:
        migrate(url)
    return run_dir


@pytest.fixture(scope="session")
def databases(initialised: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    data = copy_database(initialised, tmp_path_factory.mktemp("databases"))
    with embedded_postgres.running(data):
        yield Databases(data)


@pytest.fixture(scope="session")
def running(initialised: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A running monolith. No test stops it or counts its data."""
    run_dir = tmp_path_factory.mktemp("running")
    copy_database(initialised, run_dir)
    with run_program(run_dir) as started:
        started.url()
        yield started


def copy_database(run_dir: Path, to: Path) -> Path:
    """Copy the database of a run directory, including its owner. Return the copy."""
    data = to / "monolith" / "postgres"
    data.parent.mkdir(parents=True)
    subprocess.run(["cp", "-a", run_dir / "monolith" / "postgres", data], check=True)
    return data


@pytest.fixture
def run_dir(initialised: Path, tmp_path: Path) -> Path:
    """A run directory with an empty database."""
    copy_database(initialised, tmp_path)
    return tmp_path
