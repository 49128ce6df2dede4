"""A prepared database: PostgreSQL needs half of the CPU time of a start to initialise a new one."""

import subprocess
from pathlib import Path

import pytest

from .programs import run_program


@pytest.fixture(scope="session")
def initialised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run directory of a monolith that has started and stopped."""
    run_dir = tmp_path_factory.mktemp("initialised")
    with run_program(run_dir) as started:
        started.url()
    return run_dir


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
